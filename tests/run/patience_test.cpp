// Evaluations every so many steps, and runs that end when they bring nothing any more.
#include <doctest/doctest.h>

#include "tiny.h"

namespace lafs::test {
namespace {

/// Weights that do not move: the first evaluation is the best.
const Arguments still{"--set", "optimizer.lr=0", "--set", "run.epochs=10", "--set", "run.evaluate_steps=2", "--set", "run.patience=2"};

const std::string also_at_the_end = std::string(tiny_text) + R"([[evaluator]]
use = "retrieval"
while_training = false
[evaluator.data]
use = "synthetic_faces"
first_identity = 1000
identities = 6
per_identity = 4
size = 32
)";

std::vector<int64_t> evaluated_steps(const fs::path& run, const std::string& evaluator) {
  std::vector<int64_t> steps;
  for (const auto& line : log_of(run))
    if (line.value("evaluation", "") == evaluator) steps.push_back(line.at("step"));
  return steps;
}

TEST_CASE("patience: a run ends when evaluations in a row find no better checkpoint, and all evaluators score its end") {
  const Tiny tiny(also_at_the_end);
  Arguments arguments = tiny.arguments("out", still);
  arguments.erase(std::find(arguments.begin(), arguments.end(), "--quiet"));
  const Outcome run = lafs(arguments);
  REQUIRE_MESSAGE(run.status == 0, run.err);
  CHECK_MESSAGE(
      run.err.find("no checkpoint in 2 evaluations is better than that of step 2: the run ends at step 6 of 60") != std::string::npos,
      run.err);
  CHECK(evaluated_steps(tiny / "out", "verification") == std::vector<int64_t>{2, 4, 6});
  CHECK(evaluated_steps(tiny / "out", "retrieval") == std::vector<int64_t>{6});
  const auto results = json_file(tiny / "out/results.json");
  CHECK(results.at("step") == 6);
  CHECK(results.at("best_step") == "2");
  CHECK(results.at("ended_early") == "2 evaluations without a gain");
  CHECK(results.at("evaluators").size() == 2);
  CHECK(json_file(tiny / "out/checkpoints/last/state.json").at("ended_early") == true);

  const std::string weights = trained(tiny / "out");
  const Outcome again = lafs(arguments);
  CHECK(again.status == 0);
  CHECK(again.err.find("all 6 steps were done before\n") != std::string::npos);
  CHECK(trained(tiny / "out") == weights);
}

TEST_CASE("patience: what was counted before a stop counts after it") {
  const Tiny tiny(also_at_the_end);
  REQUIRE(tiny.run("straight", still).status == 0);
  Program program(command(tiny.arguments("out", still)));
  wait_for_lines(program, tiny / "out" / "metrics.jsonl", 4);
  program.signal(SIGINT);
  program.wait();
  REQUIRE(tiny.run("out", still).status == 0);
  CHECK(trained(tiny / "out") == trained(tiny / "straight"));
  CHECK(json_file(tiny / "out/results.json").at("evaluators").at(0).at("values") ==
        json_file(tiny / "straight/results.json").at("evaluators").at(0).at("values"));
}

TEST_CASE("ema: the average is evaluated, saved and taken by later commands, and a continued run equals a straight one") {
  const Tiny tiny;
  const Arguments average{"--set", "run.ema=0.3"};
  REQUIRE(tiny.run("out", average).status == 0);
  CHECK(json_file(tiny / "out/checkpoints/last/state.json").at("encoder").at("path") == "averaged");
  const Outcome eval = lafs({"eval", tiny / "out/checkpoints/last", "--json", "--quiet"});
  REQUIRE_MESSAGE(eval.status == 0, eval.err);
  CHECK(metric(nlohmann::json::parse(eval.out), "accuracy") == metric(json_file(tiny / "out/results.json"), "accuracy"));
  Program program(command(tiny.arguments("stopped", average + Arguments{"--set", "run.checkpoint_every=1"})));
  wait_for_lines(program, tiny / "stopped" / "metrics.jsonl", 4);
  program.signal(SIGKILL);
  program.wait();
  REQUIRE(tiny.run("stopped", average + Arguments{"--set", "run.checkpoint_every=1"}).status == 0);
  CHECK(trained(tiny / "stopped") == trained(tiny / "out"));
}

}  // namespace
}  // namespace lafs::test
