#include <doctest/doctest.h>

#include "tiny_row.h"

namespace lafs::test {
namespace {

class LedgerRow : public Tiny {
 public:
  LedgerRow() : Tiny(two_stages) {}

  fs::path ledger() const { return *this / "stages"; }
  Outcome run(const std::string& out, const Arguments& more = {}) const {
    return lafs(Arguments{"run", recipe(), "--out", *this / out, "--ledger", ledger()} + more);
  }
  Outcome of(const Arguments& arguments, const Arguments& more = {}) const {
    return lafs(Arguments{"ledger"} + arguments + Arguments{"--ledger", ledger()} + more);
  }
  /// The folder of the only stage with this name.
  fs::path stage(const std::string& name) const {
    fs::path found;
    for (const auto& entry : fs::directory_iterator(ledger())) {
      if (entry.path().filename().string().starts_with(name + "-")) found = entry.path();
    }
    return found;
  }
  nlohmann::json list() const { return nlohmann::json::parse(of({"list", "--json"}).out); }
};

TEST_CASE("ledger: another row finds the stages that it has in common with the first") {
  const LedgerRow row;
  const Outcome first = row.run("one", {"--quiet"});
  REQUIRE_MESSAGE(first.status == 0, first.err);
  CHECK(fs::is_symlink(row / "one" / "first"));
  CHECK(fs::equivalent(row / "one" / "first", row.stage("first")));
  const Outcome second = row.run("other", {"--set", "second.head.margin=0.3"});
  REQUIRE_MESSAGE(second.status == 0, second.err);
  CHECK(second.err.find("stage first (1 of 2): was finished before\n") != std::string::npos);
  CHECK(row.list().at("stages").size() == 3);
  const auto results = json_file(row / "other" / "results.json");
  CHECK(results.at("stages").at(0).at("folder") == row.stage("first").string());
}

TEST_CASE("ledger: list, why and clean") {
  const LedgerRow row;
  CHECK(row.of({"list"}).out == "no stages in " + row.ledger().string() + "\n");
  CHECK(row.of({"why", row.recipe()}).out.find("): would run: no stage called \"second\" was run before\n") != std::string::npos);
  REQUIRE(row.run("one", {"--quiet"}).status == 0);
  const std::string first = row.stage("first").filename(), second = row.stage("second").filename();
  const auto listed = row.list();
  CHECK(listed.at("stages").at(1).at("state") == "finished");
  CHECK(listed.at("stages").at(1).at("inputs").at(0) == listed.at("stages").at(0).at("key"));
  CHECK(row.of({"list"}).out.find("2 stages, 2 finished, ") != std::string::npos);

  const std::string why = row.of({"why", row.recipe()}, {"--set", "second.head.margin=0.3"}).out;
  CHECK(why.find("): finished in " + row.stage("first").string() + "\n") != std::string::npos);
  CHECK(why.find("): would run: " + row.stage("second").string() + " differs in\n  - [head] margin = 0.4\n  + [head] margin = 0.3\n") !=
        std::string::npos);

  const std::string more = row.of({"why", row.recipe()}, {"--set", "second.head.margin=0.3", "--set", "second.run.threads=3"}).out;
  CHECK(more == why);  // what changes no number is no reason

  const fs::path grid = row / "grid.toml";
  write_bytes(grid,
              "[grid]\nrecipe = \"tiny.toml\"\n[[grid.axis]]\nname = \"margin\"\nkey = \"second.head.margin\"\nvalues = [0.4, 0.3]\n");
  const std::string cells = row.of({"why", grid}).out;
  CHECK(cells.starts_with("stage first of margin=0.4 ("));
  CHECK(cells.find("): finished in " + row.stage("second").string() + "\nstage second of margin=0.3 (") != std::string::npos);
  CHECK(cells.find("stage first of margin=0.3") == std::string::npos);  // the same stage as of margin=0.4
  CHECK(cells.ends_with(" differs in\n  - [head] margin = 0.4\n  + [head] margin = 0.3\n"));

  CHECK(row.of({"clean", "secnd"}).err ==
        "lafs: error: no stage \"secnd\" in " + row.ledger().string() + "; one of \"" + first + "\", \"" + second + "\"\n");
  CHECK(row.of({"clean"}).err == "lafs: error: name stages, or give --unfinished or --older-than\n");
  CHECK(row.of({"clean", second}).out.ends_with("nothing was deleted: give --yes to delete them\n"));
  CHECK(fs::exists(row.stage("second")));
  CHECK(row.of({"clean", second, "--yes"}).out.ends_with("deleted\n"));
  CHECK(row.list().at("stages").size() == 1);
}

TEST_CASE("ledger: weights that were deleted are made again where a later stage needs them, and only there") {
  const LedgerRow row;
  REQUIRE(row.run("one", {"--quiet"}).status == 0);
  const std::string weights = trained(row.stage("first"));
  REQUIRE(row.of({"clean", row.stage("first").filename(), "--weights", "--yes"}).status == 0);
  CHECK(row.of({"list"}).out.find("finished, weights deleted") != std::string::npos);
  const Outcome same = row.run("one");
  CHECK(same.err.find("stage first (1 of 2): was finished before\nstage second (2 of 2): was finished before\n") != std::string::npos);
  const Outcome other = row.run("other", {"--quiet", "--set", "second.head.margin=0.3"});
  REQUIRE_MESSAGE(other.status == 0, other.err);
  CHECK(trained(row.stage("first")) == weights);
}

TEST_CASE("ledger: what has no effect, and a ledger of a newer version") {
  const LedgerRow row;
  CHECK(row.run("one", {"--accept-data", "cleaned"}).err ==
        "lafs: error: --accept-data has no effect on stages in a ledger, where other data makes another stage; give --out without "
        "--ledger\n");
  const Tiny alone;
  CHECK(alone.run("out", {"--ledger", alone / "stages"}).err ==
        "lafs: error: --ledger is for the stages of a row, and " + in_quotes(alone.recipe()) + " is one run\n");
  fs::create_directories(row.ledger());
  write_bytes(row.ledger() / "ledger.json", "{\"format\": 7}");
  CHECK(row.run("one").err.find("has format 7, and this version of lafs knows formats up to 1") != std::string::npos);
}

}  // namespace
}  // namespace lafs::test
