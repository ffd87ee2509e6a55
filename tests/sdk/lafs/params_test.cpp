#include "lafs/params.h"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

using namespace lafs;

namespace {

/// Keeps what was declared. Keys and docs of the tests are literals, which outlive the visit.
class Recorder final : public Params {
 public:
  explicit Recorder(bool corrected = false, bool keeps = false) : corrected_(corrected), keeps_(keeps) {}

  std::vector<std::string> keys;
  std::map<std::string, Option> options;
  std::map<std::string, Quirk> quirks;

 private:
  void visit(const Option& option) override {
    const std::string key(option.key);
    keys.push_back(key);
    if (option.quirk) quirks[key] = *option.quirk;
    options.emplace(key, option);
  }
  bool corrected() const override { return corrected_; }
  bool keeps_values() const override { return keeps_; }

  bool corrected_, keeps_;
};

struct Inner {
  double amount = 0.5;
  void declare(Params& p) { p("amount", amount, in(0, 1), "how much"); }
};

struct Numbers {
  bool mirror = true;
  int64_t count = 3;
  double share = 0.25;
  std::string mode = "fast";
  std::vector<double> scales{0.5, 1};
  Path file;
  void declare(Params& p) {
    p("mirror", mirror, "whether it turns");
    p("count", count, at_least(1), "how many");
    p("share", share, in(0, 1).needed(), "which part");
    p("mode", mode, one_of({"fast", "exact"}), "how");
    p.affects_nothing("scales", scales, in(0, 1), "sizes");
    p.affects_nothing("file", file, "where it is");
  }
};

struct Quirks {
  bool flag = true;
  int64_t whole = 7;
  double real = 7;
  std::string word = "own";
  void declare(Params& p) {
    p.quirk("Q1", "flag", flag, true, false, "a bool");
    p.quirk("Q2", "whole", whole, 1, 2, "an integer");
    p.quirk("Q3", "real", real, 1, 2.5, "a real");
    p.quirk("Q4", "word", word, "old", "new", one_of({"old", "new"}), "a string");
  }
};

}  // namespace

TEST_CASE("params: options arrive in the order of their declaration, with key, doc and rule") {
  Numbers numbers;
  Recorder seen;
  numbers.declare(seen);
  CHECK(seen.keys == std::vector<std::string>{"mirror", "count", "share", "mode", "scales", "file"});
  CHECK(seen.options.at("count").doc == "how many");
  CHECK(seen.options.at("count").rule.low == 1);
  CHECK(seen.options.at("count").rule.high == std::numeric_limits<double>::infinity());
  CHECK_FALSE(seen.options.at("count").rule.required);
  CHECK(seen.options.at("share").rule.required);
  CHECK(seen.options.at("share").rule.high == 1);
  CHECK(seen.options.at("mode").rule.choices == std::vector<std::string>{"fast", "exact"});
}

TEST_CASE("params: a slot points at the member, whose value is left as the default") {
  Numbers numbers;
  Recorder seen;
  numbers.declare(seen);
  CHECK(std::get<bool*>(seen.options.at("mirror").slot) == &numbers.mirror);
  CHECK(std::get<int64_t*>(seen.options.at("count").slot) == &numbers.count);
  CHECK(std::get<double*>(seen.options.at("share").slot) == &numbers.share);
  CHECK(std::get<std::string*>(seen.options.at("mode").slot) == &numbers.mode);
  CHECK(std::get<std::vector<double>*>(seen.options.at("scales").slot) == &numbers.scales);
  CHECK(std::get<Path*>(seen.options.at("file").slot) == &numbers.file);
  CHECK(numbers.count == 3);
  CHECK(numbers.scales == std::vector<double>{0.5, 1});
}

TEST_CASE("params: only options that say so affect nothing") {
  Numbers numbers;
  Recorder seen;
  numbers.declare(seen);
  for (const auto& [key, option] : seen.options) CHECK(option.affects_nothing == (key == "scales" || key == "file"));
}

TEST_CASE("params: quirks take the published value, or the corrected one where the visitor says so") {
  Quirks published, corrected;
  Recorder of_published, of_corrected(true);
  published.declare(of_published);
  corrected.declare(of_corrected);
  CHECK(published.flag);
  CHECK(published.whole == 1);
  CHECK(published.real == 1);
  CHECK(published.word == "old");
  CHECK_FALSE(corrected.flag);
  CHECK(corrected.whole == 2);
  CHECK(corrected.real == 2.5);
  CHECK(corrected.word == "new");
}

TEST_CASE("params: a visitor of options that were read before finds quirks as they are") {
  Quirks quirks;
  quirks.flag = false;
  Recorder seen(false, true);
  quirks.declare(seen);
  CHECK_FALSE(quirks.flag);
  CHECK(quirks.whole == 7);
  CHECK(quirks.word == "own");
}

TEST_CASE("params: a quirk carries its number and both values as TOML") {
  Quirks quirks;
  Recorder seen;
  quirks.declare(seen);
  CHECK(seen.quirks.at("flag").id == "Q1");
  CHECK(seen.quirks.at("flag").published == "true");
  CHECK(seen.quirks.at("flag").corrected == "false");
  CHECK(seen.quirks.at("whole").corrected == "2");
  CHECK(seen.quirks.at("real").published == "1.0");
  CHECK(seen.quirks.at("real").corrected == "2.5");
  CHECK(seen.quirks.at("word").published == "\"old\"");
}

TEST_CASE("params: a struct with options is a table of its own") {
  struct Outer {
    Inner inner;
    void declare(Params& p) { p("inner", inner, "a table"); }
  };
  /// Goes into the table at once: its slot lives only during the visit.
  class Descends final : public Params {
   public:
    std::vector<std::string> keys;

   private:
    void visit(const Option& option) override {
      keys.emplace_back(option.key);
      if (const auto* table = std::get_if<Table*>(&option.slot)) (*table)->declare(*this);
      if (const auto* amount = std::get_if<double*>(&option.slot)) **amount = 0.75;
    }
  };
  Outer outer;
  Descends seen;
  outer.declare(seen);
  CHECK(seen.keys == std::vector<std::string>{"inner", "amount"});
  CHECK(outer.inner.amount == 0.75);
}

TEST_CASE("params: a list of structs grows, and its items and a blank one declare the same options") {
  std::vector<Inner> items(1);
  detail::TableListOf list(items);
  list.resize(3);
  CHECK(list.size() == 3);
  CHECK(items.size() == 3);
  Recorder item, blank;
  list.declare(2, item);
  list.declare_blank(blank);
  CHECK(std::get<double*>(item.options.at("amount").slot) == &items[2].amount);
  CHECK(blank.keys == item.keys);
}

TEST_CASE("params: rules combine, and only `needed` makes an option required") {
  CHECK(needed().required);
  CHECK_FALSE(in(0, 1).required);
  const Rule both = at_least(2).needed();
  CHECK(both.required);
  CHECK(both.low == 2);
  CHECK(one_of({"a", "b"}).needed().choices.size() == 2);
}
