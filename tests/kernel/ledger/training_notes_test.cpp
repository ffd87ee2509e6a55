#include "kernel/ledger/training_notes.h"

#include <doctest/doctest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "kernel/ledger/metrics_log.h"
#include "support/run_folder.h"

namespace lafs {
namespace {

TEST_CASE("training notes: sentences that differ only in brackets are one, with how often and when") {
  const test::RunFolder folder;
  CHECK(training_notes(folder.path).empty());
  {
    MetricsLog log(folder.path, 0);
    log.step({5, 0, 1, 1, 1, 1, 1, {}});
    log.note(10, "it may have collapsed (entropy 3.9)");
    log.note(20, "something else");
    log.note(30, "it may have collapsed (entropy 4.1)");
    log.note(40, "it may have collapsed (entropy 4.2)");
  }
  std::ofstream(folder.path / "metrics.jsonl", std::ios::app) << "{\"step\":50,\"note\":7}\n{\"step\":\"x\",\"note\":\"y\"}\n{\"note\":\"z";
  const auto notes = training_notes(folder.path);
  REQUIRE(notes.size() == 2);
  CHECK(text_of(notes[0]) == "it may have collapsed (entropy 4.2): 3 times from step 10 on, last at step 40");
  CHECK(text_of(notes[1]) == "step 20: something else");
}

TEST_CASE("training notes: they become part of the manifest, and leave the rest of it as it is") {
  const test::RunFolder folder;
  const auto manifest = [&] { return nlohmann::json::parse(folder.read("manifest.json")).dump(); };
  std::ofstream(folder.path / "manifest.json") << R"({"sessions":[{"started":"now"}],"threads":2})";
  record_training_notes(folder.path);
  CHECK(manifest() == R"({"sessions":[{"started":"now"}],"threads":2})");
  MetricsLog(folder.path, 0).note(3, "careful");
  record_training_notes(folder.path);
  CHECK(manifest() == R"({"sessions":[{"started":"now"}],"threads":2,"training_notes":["step 3: careful"]})");
  CHECK(recorded_training_notes(folder.path) == std::vector<std::string>{"step 3: careful"});
  CHECK(recorded_training_notes(folder.path / "nowhere").empty());
}

}  // namespace
}  // namespace lafs
