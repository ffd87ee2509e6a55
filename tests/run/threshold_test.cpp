// lafs threshold, and the options that commands which measure a model have in common.
#include <string>

#include <doctest/doctest.h>

#include "tiny.h"

namespace lafs::test {
namespace {

/// A finished run whose best checkpoint is its last, also as a stage in the folder of a row, and its results under a name of no known
/// ending.
struct Scored : Tiny {
  Scored() {
    REQUIRE(run("row/one", {"--set", "run.evaluate_every=0"}).status == 0);
    REQUIRE(lafs({"eval", one() / "checkpoints/last", "--quiet", "--out", *this / "r.1"}).status == 0);
  }
  fs::path one() const { return *this / "row/one"; }
};

Outcome threshold(const fs::path& model, const Arguments& more = {}) { return lafs(Arguments{"threshold", model, "--far", "0.5"} + more); }

TEST_CASE("threshold: kept scores are used of a run, of a stage of a row's folder, and of a file under any name") {
  const Scored scored;
  const Outcome of_run = threshold(scored.one(), {"--samples", "200"});
  REQUIRE_MESSAGE(of_run.status == 0, of_run.err);
  CHECK(of_run.err == "");
  CHECK(threshold(scored / "row", {"--stage", "one", "--samples", "200"}).out == of_run.out);
  CHECK(threshold(scored / "r.1", {"--samples", "200"}).out == of_run.out);
  CHECK(threshold(scored.one(), {"--samples", "201"}).out != of_run.out);
  const Outcome other = threshold(scored.one(), {"--stage", "two"});
  CHECK(other.status == 1);
  CHECK(other.err == "lafs: error: " + in_quotes(scored.one()) + " has no run of a stage \"two\"\n");
  write_bytes(scored / "other.json", "{}");
  CHECK(threshold(scored / "other.json").err == "lafs: error: " + in_quotes(scored / "other.json") + " holds no results of lafs\n");
}

TEST_CASE("threshold: options that only measuring follows are refused where scores are kept") {
  const Scored scored;
  const auto refusal = [&](const fs::path& model, const Arguments& more) {
    const Outcome outcome = threshold(model, more);
    CHECK(outcome.status == 1);
    return outcome.err;
  };
  const std::string end = " has no effect on scores that are kept; leave it out\n";
  for (const Arguments& more : {Arguments{"--batch", "2"}, Arguments{"--set", "run.threads=1"}, Arguments{"--device", "cpu"},
                                Arguments{"--precision", "fp32"}, Arguments{"--threads", "1"}}) {
    CHECK(refusal(scored.one(), more) == "lafs: error: " + more[0] + end);
    CHECK(refusal(scored / "r.1", more) == "lafs: error: " + more[0] + end);
  }
  CHECK(refusal(scored / "r.1", {"--stage", "one"}) == "lafs: error: --stage" + end);
  CHECK(refusal(scored / "r.1", {"--input", "{}"}) == "lafs: error: --input" + end);
  CHECK(refusal(scored / "r.1", {"--recipe", scored.recipe()}) ==
        "lafs: error: " + in_quotes(scored / "r.1") + " holds results of other pairs; name the model itself\n");
  CHECK(refusal(scored.one(), {"--pictures", scored / "x"}) == "lafs: error: --pictures has no effect without --on; leave it out\n");
}

TEST_CASE("threshold: without kept scores the model is run, and says how far it is unless it is to be quiet") {
  const Scored scored;
  const fs::path last = scored.one() / "checkpoints/last";
  const Outcome told = threshold(last), quiet = threshold(last, {"--quiet"});
  REQUIRE_MESSAGE(told.status == 0, told.err);
  CHECK(told.out == threshold(scored.one()).out);
  CHECK(quiet.out == told.out);
  CHECK(told.err.find("pictures") != std::string::npos);
  CHECK(quiet.err == "");
}

TEST_CASE("threshold: of a run whose best checkpoint is an earlier one, that is measured, as verify and eval use it") {
  const Tiny tiny;
  const std::string name = "verification/auc";
  REQUIRE(tiny.run("up", {"--set", "run.best=" + name}).status == 0);
  REQUIRE(tiny.run("down", {"--set", "run.best=-" + name}).status == 0);
  int earlier = 0;
  for (const char* run : {"up", "down"}) {
    const fs::path checkpoints = tiny / run / "checkpoints";
    const bool same = fs::equivalent(checkpoints / "best", checkpoints / "last");
    const Outcome of_run = threshold(tiny / run), of_best = threshold(checkpoints / "best", {"--quiet"});
    REQUIRE_MESSAGE(of_run.status == 0, of_run.err);
    CHECK(of_run.out == of_best.out);
    CHECK((of_run.err == "") == same);
    earlier += same ? 0 : 1;
  }
  CHECK(earlier >= 1);
}

TEST_CASE("eval: device, precision and threads are short forms of the recipe's keys") {
  const Scored scored;
  const auto recipe = [&](const Arguments& more) {
    const Outcome outcome = lafs(Arguments{"eval", scored.one(), "--quiet", "--json"} + more);
    REQUIRE_MESSAGE(outcome.status == 0, outcome.err);
    return nlohmann::json::parse(outcome.out).at("recipe").get<std::string>();
  };
  const std::string as_set = recipe({"--set", "run.device=auto", "--set", "run.precision=bf16", "--set", "run.threads=2"});
  CHECK(recipe({"--device", "auto", "--precision", "bf16", "--threads", "2"}) == as_set);
  CHECK(recipe({}) != as_set);
  const auto refusal = [&](const Arguments& more) { return lafs(Arguments{"eval", scored.one(), "--quiet"} + more).err; };
  CHECK(refusal({"--device", "cpu", "--set", "run.device=cpu"}) == "lafs: error: give --device or --set run.device, not both\n");
  CHECK(refusal({"--pictures", scored / "x"}) == "lafs: error: --pictures has no effect without --on; leave it out\n");
  CHECK(lafs({"eval", scored.one(), "--device", "tpu"}).status == 2);
}

}  // namespace
}  // namespace lafs::test
