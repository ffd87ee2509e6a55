#include <doctest/doctest.h>

#include "tiny.h"

namespace lafs::test {
namespace {

TEST_CASE("resume: Ctrl-C and kill -9 cost nothing: the continued run is the straight one, byte for byte") {
  const Tiny tiny;
  REQUIRE(tiny.run("straight", long_run).status == 0);
  const std::string straight = trained(tiny / "straight");

  SUBCASE("Ctrl-C writes a checkpoint and leaves with 130") {
    Program program(command(tiny.arguments("out", long_run)));
    wait_for_lines(program, tiny / "out" / "metrics.jsonl", 25);
    program.signal(SIGINT);
    const Outcome stopped = program.wait();
    CHECK(stopped.status == 130);
    const auto step = json_file(tiny / "out" / "checkpoints" / "last" / "state.json").at("step").get<int64_t>();
    CHECK(step >= 25);
    CHECK(stopped.err == "stopped by SIGINT at step " + std::to_string(step) + " of 360; run the same command to continue\n");
  }
  SUBCASE("kill -9 falls back to the last checkpoint") {
    Program program(command(tiny.arguments("out", long_run)));
    wait_for_lines(program, tiny / "out" / "metrics.jsonl", 25);
    program.signal(SIGKILL);
    CHECK(program.wait().status == 128 + SIGKILL);
    CHECK(json_file(tiny / "out" / "checkpoints" / "last" / "state.json").at("step").get<int64_t>() % 10 == 0);
  }
  const Outcome rest = tiny.run("out", long_run);
  CHECK_MESSAGE(rest.status == 0, rest.err);
  CHECK(trained(tiny / "out") == straight);
  CHECK(log_of(tiny / "out") == log_of(tiny / "straight"));
  CHECK(metric(json_file(tiny / "out" / "results.json"), "accuracy") == metric(json_file(tiny / "straight" / "results.json"), "accuracy"));
}

TEST_CASE("verify-resume: a killed run is continued to equal bytes, and it says of how many") {
  const Tiny tiny;
  const Outcome outcome = lafs({"verify-resume", tiny.recipe(), "--steps", "12", "--kill-at", "4", "--out", tiny / "both"});
  CHECK_MESSAGE(outcome.status == 0, outcome.err);
  CHECK_MESSAGE(outcome.out.starts_with("equal: 72 tensors, "), outcome.out);
  CHECK_MESSAGE(outcome.out.find(" bytes of weights and optimizer state after 12 steps, straight and killed with -9 after step ") !=
                    std::string::npos,
                outcome.out);
  CHECK(trained(tiny / "both" / "straight") == trained(tiny / "both" / "killed"));
  const Outcome again = lafs({"verify-resume", tiny.recipe(), "--out", tiny / "both"});
  CHECK(again.status == 1);
  CHECK(again.err == "lafs: error: \"" + (tiny / "both").string() + "\" already holds a verification; give another --out\n");
}

TEST_CASE("verify-resume: a recipe shorter than --steps is killed within its own steps, and says how many they are") {
  const Tiny tiny;
  const Outcome outcome = lafs({"verify-resume", tiny.recipe(), "--steps", "1000", "--kill-at", "3", "--out", tiny / "both"});
  CHECK_MESSAGE(outcome.status == 0, outcome.err);
  CHECK_MESSAGE(outcome.out.find(" after 12 steps, straight and killed with -9 after step ") != std::string::npos, outcome.out);
  const Outcome late = lafs({"verify-resume", tiny.recipe(), "--kill-at", "12", "--out", tiny / "late"});
  CHECK(late.status == 1);
  CHECK(late.err == "20 steps straight\nlafs: error: --kill-at 12: the run has 12 steps, and it must be killed before the last\n");
}

TEST_CASE("verify-resume: an fp16 run keeps its scale, its counters and its log through a kill, whatever it skips") {
  const Tiny tiny;
  write_bytes(tiny / "fp16.toml",
              "base = \"tiny.toml\"\n[run]\nepochs = 6\nprecision = \"fp16\"\nloss_scale = { start = 1e9, growth_interval = 3 }\n");
  const Outcome outcome = lafs({"verify-resume", tiny / "fp16.toml", "--steps", "30", "--kill-at", "13", "--out", tiny / "both"});
  CHECK_MESSAGE(outcome.status == 0, outcome.err);
  const fs::path straight = tiny / "both" / "straight", killed = tiny / "both" / "killed";
  const auto scaler = [](const fs::path& run) { return json_file(run / "checkpoints" / "last" / "state.json").at("scaler"); };
  CHECK(scaler(straight) == scaler(killed));
  CHECK(scaler(straight).at("skipped") > 2);
  CHECK(log_of(straight) == log_of(killed));
}

TEST_CASE("verify-resume: sums that two threads share are the same in a continued run") {
  const Tiny tiny;
  const Outcome outcome = lafs({"verify-resume", LAFS_TEST_SOURCE "/recipes/cosface_synthetic.toml", "--steps", "8", "--kill-at", "5",
                                "--set", "backbone.dropout=0", "--set", "backbone.drop_path=0", "--out", tiny / "both"});
  CHECK_MESSAGE(outcome.status == 0, outcome.out);
  CHECK_MESSAGE(outcome.out.starts_with("equal: 160 tensors, "), outcome.out);
}

TEST_CASE("verify-resume: as JSON nothing else is on standard output") {
  const Tiny tiny;
  const Outcome outcome = lafs({"verify-resume", tiny.recipe(), "--steps", "12", "--json"});
  CHECK_MESSAGE(outcome.status == 0, outcome.err);
  const auto finding = nlohmann::json::parse(outcome.out);
  CHECK(finding.at("equal") == true);
  CHECK(finding.at("killed_after_step") < 12);
  CHECK(finding.at("different").empty());
}

TEST_CASE("resume: a reader of the output that goes away ends no training") {
  const Tiny tiny;
  const Arguments piped{"bash", "-c", "\"$@\" 2>&1 | head -c 1", "lafs"};
  Program(piped + command({"run", tiny.recipe().string(), "--out", tiny / "out"})).wait();
  CHECK(json_file(tiny / "out/checkpoints/last/state.json").at("step") == 12);
  CHECK(fs::exists(tiny / "out/results.json"));
}

}  // namespace
}  // namespace lafs::test
