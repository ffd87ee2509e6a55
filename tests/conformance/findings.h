#pragma once
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace lafs::conformance {

/// One promise that a plugin does not keep.
struct Finding {
  std::string promise;  ///< "eval is deterministic"
  std::string what;     ///< what was seen
};

/// What a suite has to say of a plugin; empty when it keeps every promise. [one thread at a time]
class Findings {
 public:
  void add(std::string promise, std::string what) { items_.push_back({std::move(promise), std::move(what)}); }
  void expect(bool kept, const std::string& promise, const std::string& what) {
    if (!kept) add(promise, what);
  }

  /// Runs a check; whatever it throws is a finding.
  template <typename Check>
  void guard(const std::string& promise, Check check) {
    try {
      check();
    } catch (const std::exception& error) {
      add(promise, fmt::format("it throws: {}", error.what()));
    } catch (...) {
      add(promise, "it throws what is no std::exception");
    }
  }

  /// The call must throw `Wanted`, with `mention` in its text. Returns the text.
  template <typename Wanted, typename Call>
  std::string expect_throw(const std::string& promise, const std::string& mention, Call call) {
    try {
      call();
    } catch (const Wanted& error) {
      const std::string text = error.what();
      if (text.find(mention) == std::string::npos) add(promise, fmt::format("the error does not say '{}': {}", mention, text));
      return text;
    } catch (const std::exception& error) {
      add(promise, fmt::format("it throws something else than lafs::Error: {}", error.what()));
      return error.what();
    } catch (...) {
      add(promise, "it throws what is no std::exception");
      return "";
    }
    add(promise, "nothing is thrown");
    return "";
  }

  bool empty() const { return items_.empty(); }
  const std::vector<Finding>& items() const { return items_; }
  std::string text() const {
    std::string lines;
    for (const Finding& item : items_) lines += fmt::format("\n  {}: {}", item.promise, item.what);
    return lines;
  }

 private:
  std::vector<Finding> items_;
};

}  // namespace lafs::conformance
