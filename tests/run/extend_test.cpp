#include <algorithm>
#include <set>

#include <doctest/doctest.h>

#include "tiny.h"

namespace lafs::test {
namespace {

Arguments set(const std::string& text) { return {"--set", text}; }

const Arguments falling = set("optimizer.lr={ shape = \"cosine\", from = 1e-3 }");

nlohmann::json results_of(const fs::path& run) { return json_file(run / "results.json"); }

std::set<std::string> checkpoints_of(const fs::path& run) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(run / "checkpoints")) {
    if (!entry.is_symlink()) names.insert(entry.path().filename().string());
  }
  return names;
}

TEST_CASE("extend: a run that stopped early goes on to what it would have been, under the same identity") {
  const Tiny tiny;
  REQUIRE(tiny.run("straight").status == 0);
  REQUIRE(tiny.run("out", set("run.steps=6")).status == 0);
  CHECK(tiny.run("out").err == "lafs: error: \"" + (tiny / "out").string() +
                                   "\" holds a run of another length; give another --out, or to train it further --extend (a stage of a "
                                   "row: with its own recipe.toml)\n"
                                   "  - [run] steps = 6\n  + [run] steps = 0\n");
  const Outcome rest = tiny.run("out", {"--extend"});
  REQUIRE_MESSAGE(rest.status == 0, rest.err);
  CHECK(notes_of(tiny / "out").find("extended at step 6: to 12 steps, with the schedules as they were\n") != std::string::npos);
  CHECK(trained(tiny / "out") == trained(tiny / "straight"));
  CHECK(results_of(tiny / "out").at("training_identity") == results_of(tiny / "straight").at("training_identity"));
  CHECK(tiny.run("out").status == 0);                // it is now an ordinary run of the recipe
  CHECK(tiny.run("out", {"--extend"}).status == 0);  // and has nothing left to do
}

TEST_CASE("extend: with other schedules the run has an identity of its own, and keeps what it was extended from") {
  const Tiny tiny;
  const Arguments longer = falling + set("run.epochs=4");
  REQUIRE(tiny.run("straight", longer).status == 0);
  REQUIRE(tiny.run("out", falling).status == 0);
  const std::string before = results_of(tiny / "out").at("training_identity");
  CHECK(tiny.run("out", longer).err == "lafs: error: \"" + (tiny / "out").string() +
                                           "\" holds a run of another length; give another --out, or to train it further --extend (a stage "
                                           "of a row: with its own recipe.toml)\n"
                                           "  - [run] epochs = 2\n  + [run] epochs = 4\n");
  const Outcome rest = tiny.run("out", longer + Arguments{"--extend"});
  REQUIRE_MESSAGE(rest.status == 0, rest.err);
  const std::string note = "extended at step 12: schedules span 24 steps from here, where they spanned 12; lr was 1.7037";

  CHECK_MESSAGE(notes_of(tiny / "out").find(note) != std::string::npos, notes_of(tiny / "out"));
  const auto results = results_of(tiny / "out");
  CHECK(results.at("step") == 24);
  CHECK(results.at("training_identity") != before);
  CHECK(results.at("training_identity") != results_of(tiny / "straight").at("training_identity"));
  CHECK(read_bytes(tiny / "out/recipe.toml").find("extends = \"" + before + "@12\"") != std::string::npos);
  CHECK(checkpoints_of(tiny / "out").contains("step-00000012"));
  CHECK(log_of(tiny / "out").size() > 24);
  // The recipe in the folder is the run's, whichever way it is given, and it can be extended again.
  CHECK(lafs({"run", tiny / "out/recipe.toml", "--out", tiny / "out", "--quiet"}).status == 0);
  CHECK(tiny.run("out", longer + Arguments{"--extend"}).status == 0);
  const Outcome again = lafs({"run", tiny / "out/recipe.toml", "--out", tiny / "out", "--quiet", "--extend", "--set", "run.epochs=5"});
  REQUIRE_MESSAGE(again.status == 0, again.err);
  CHECK(results_of(tiny / "out").at("step") == 30);
  CHECK(read_bytes(tiny / "out/recipe.toml").find("extends = \"" + results.at("training_identity").get<std::string>() + "@24\"") !=
        std::string::npos);
}

TEST_CASE("extend: a stopped extension continues to the bytes of one that was not stopped") {
  const Tiny tiny;
  REQUIRE(tiny.run("first", long_run).status == 0);
  const Arguments longer = long_run + set("run.epochs=120") + Arguments{"--extend"};
  for (const char* copy : {"straight", "stopped"})
    fs::copy(tiny / "first", tiny / copy, fs::copy_options::recursive | fs::copy_options::copy_symlinks);
  REQUIRE(tiny.run("straight", longer).status == 0);
  {
    Program program(command(tiny.arguments("stopped", longer)));
    wait_for_lines(program, tiny / "stopped/metrics.jsonl", 400);
    program.signal(SIGKILL);
    REQUIRE(program.wait().status == 128 + SIGKILL);
  }
  const Outcome rest = lafs({"run", tiny / "stopped/recipe.toml", "--out", tiny / "stopped", "--quiet"});
  REQUIRE_MESSAGE(rest.status == 0, rest.err);
  CHECK(trained(tiny / "stopped") == trained(tiny / "straight"));
}

TEST_CASE("extend: an evaluation that was still due in the run before is not done in its checkpoint") {
  const Tiny tiny;
  REQUIRE(tiny.run("out").status == 0);
  const fs::path state = fs::canonical(tiny / "out/checkpoints/last") / "state.json";
  auto json = json_file(state);
  json["evaluation_due"] = true;  // as a signal in the last evaluation leaves it
  write_bytes(state, json.dump());
  fs::remove(tiny / "out/results.json");
  const std::string before = json.at("training_identity");
  const Outcome rest = tiny.run("out", set("run.epochs=4") + Arguments{"--extend"});
  REQUIRE_MESSAGE(rest.status == 0, rest.err);
  CHECK(json_file(state).at("training_identity") == before);
  CHECK(results_of(tiny / "out").at("step") == 24);
}

TEST_CASE("extend: what cannot be extended is an error that says so, and changes nothing") {
  const Tiny tiny;
  const Outcome none = tiny.run("out", {"--extend"});
  CHECK(none.status == 1);
  CHECK(none.err ==
        "lafs: error: \"" + (tiny / "out").string() + "\" holds no checkpoint to extend; give the folder of the run as --out\n");
  REQUIRE(tiny.run("out").status == 0);
  const std::string before = trained(tiny / "out"), recipe = read_bytes(tiny / "out/recipe.toml");
  const Outcome other = tiny.run("out", Arguments{"--extend"} + set("run.epochs=4") + set("run.seed=4"));
  CHECK(other.err == "lafs: error: \"" + (tiny / "out").string() +
                         "\" holds a run that differs in more than [run] epochs, total_steps and steps, and cannot be extended\n"
                         "  - [run] epochs = 2\n  + [run] epochs = 4\n  - [run] seed = 3\n  + [run] seed = 4\n");
  const Outcome shorter = tiny.run("out", Arguments{"--extend"} + set("run.epochs=1"));
  CHECK(shorter.err == "lafs: error: nothing to extend: the run has 12 steps behind it, and this recipe has 6\n");
  const Outcome stranger = tiny.run("other", set("run.extends=0123@6"));
  CHECK(stranger.err == "lafs: error: [run] extends = \"0123@6\", but \"" + (tiny / "other").string() +
                            "\" holds no checkpoint of that run; give its folder as --out\n");
  CHECK(trained(tiny / "out") == before);
  CHECK(read_bytes(tiny / "out/recipe.toml") == recipe);
}

TEST_CASE("length: total_steps fits run and schedules, steps only stops") {
  const Tiny tiny;
  REQUIRE(tiny.run("fitted", falling + set("run.total_steps=9") + set("run.epochs=1")).status == 0);
  REQUIRE(tiny.run("stopped", falling + set("run.steps=9")).status == 0);
  CHECK(results_of(tiny / "fitted").at("step") == 9);
  const auto last_lr = [&](const char* run) {
    double lr = 0;
    for (const auto& line : log_of(tiny / run)) lr = line.value("lr", lr);
    return lr;
  };
  CHECK(last_lr("fitted") < 0.05e-3);
  CHECK(last_lr("stopped") > 0.2e-3);
  const Outcome plan = lafs({"plan", tiny.recipe(), "--probe", "0", "--set", "run.total_steps=9"});
  CHECK_MESSAGE(plan.out.find("length      1.5 epochs, 6 micro-batches an epoch, batch 8 x 1, 9 optimizer steps\n") != std::string::npos,
                plan.out);
}

TEST_CASE("checkpoints: every n-th one is kept for good, and one is written when enough time has passed") {
  const Tiny tiny;
  const Arguments few = set("run.evaluate_every=0");
  REQUIRE(tiny.run("steps", few + set("run.checkpoint_every=2") + set("run.keep_every=2")).status == 0);
  CHECK(checkpoints_of(tiny / "steps") == std::set<std::string>{"step-00000004", "step-00000008", "step-00000012"});
  REQUIRE(tiny.run("epochs", few + set("run.epochs=5") + set("run.keep_every=2")).status == 0);
  CHECK(checkpoints_of(tiny / "epochs") == std::set<std::string>{"step-00000012", "step-00000024", "step-00000030"});
  REQUIRE(tiny.run("none", few + set("run.epochs=3")).status == 0);
  CHECK(checkpoints_of(tiny / "none") == std::set<std::string>{"step-00000018"});
  // Each step takes longer than this, so that there is a checkpoint of each, and the last two are seen when the run is killed.
  Program program(command(tiny.arguments("time", long_run + set("run.checkpoint_every=1000000") + set("run.checkpoint_minutes=1e-9"))));
  wait_for_lines(program, tiny / "time/metrics.jsonl", 20);
  program.signal(SIGKILL);
  REQUIRE(program.wait().status == 128 + SIGKILL);
  CHECK(json_file(tiny / "time/checkpoints/last/state.json").at("step") >= 15);
}

}  // namespace
}  // namespace lafs::test
