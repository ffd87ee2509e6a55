#include <doctest/doctest.h>

#include "tiny_row.h"

namespace lafs::test {
namespace {

/// With a published value.
const std::string tiny_row = two_stages + R"(
[row]
published = [{ metric = "accuracy", value = 0.5, tolerance = 1, source = "a guess" }]
)";

std::vector<std::string> stage_names(const nlohmann::json& row) {
  std::vector<std::string> names;
  for (const auto& stage : row.at("stages")) names.push_back(stage.at("name"));
  return names;
}

TEST_CASE("row: stages run in order into folders of their own, and finished ones are not run again") {
  const Tiny tiny(tiny_row);
  const Outcome outcome = tiny.run("out", {"--json"});
  REQUIRE_MESSAGE(outcome.status == 0, outcome.err);
  const auto row = nlohmann::json::parse(outcome.out);
  CHECK(row == json_file(tiny / "out" / "results.json"));
  CHECK(row.at("title") == "two of a kind");
  CHECK(stage_names(row) == std::vector<std::string>{"first", "second"});
  CHECK(row.at("stages").at(0).at("step") == 12);
  CHECK(row.at("stages").at(1).at("step") == 6);
  const auto& published = row.at("published").at(0);
  CHECK(published.at("stage") == "second");
  CHECK(published.at("measured") == metric(json_file(tiny / "out" / "second" / "results.json"), "accuracy"));
  CHECK(published.at("reproduced") == true);
  CHECK(read_bytes(tiny / "out" / "report.html").find("<a href=\"second/report.html\">second</a>") != std::string::npos);

  const std::string before = trained(tiny / "out" / "first") + trained(tiny / "out" / "second");
  const auto sessions = [&] { return json_file(tiny / "out" / "second" / "manifest.json").at("sessions").size(); };
  CHECK(sessions() == 1);
  const Outcome again = lafs({"run", tiny.recipe(), "--out", tiny / "out"});
  CHECK(again.status == 0);
  CHECK(again.err == "stage first (1 of 2): was finished before\nstage second (2 of 2): was finished before\nsee " +
                         (tiny / "out").string() + "/report.html\n");
  CHECK(again.out.find("first: verification") != std::string::npos);
  CHECK(again.out.find("published accuracy of second: 50.00 % (a guess); measured ") != std::string::npos);
  CHECK(sessions() == 1);
  CHECK(trained(tiny / "out" / "first") + trained(tiny / "out" / "second") == before);

  const Outcome measured_again = tiny.run("out", {"--set", "evaluator.0.genuine=10"});
  CHECK(measured_again.status == 0);
  CHECK(sessions() == 2);
  CHECK(trained(tiny / "out" / "first") + trained(tiny / "out" / "second") == before);
}

TEST_CASE("row: a stage starts from the weights of the earlier one") {
  const Tiny tiny(tiny_row);
  const Arguments still{"--set", "second.optimizer.lr=0", "--set", "second.optimizer.weight_decay=0"};
  REQUIRE(tiny.run("out", still).status == 0);
  const auto accuracy = [&](const std::string& stage) { return metric(json_file(tiny / "out" / stage / "results.json"), "auc"); };
  CHECK(accuracy("second") == accuracy("first"));
}

TEST_CASE("row: Ctrl-C stops the whole row, and the same command continues it to the same bytes") {
  const Tiny tiny(tiny_row);
  REQUIRE(tiny.run("straight", long_run).status == 0);
  Program program(command(tiny.arguments("out", long_run)));
  wait_for_lines(program, tiny / "out" / "first" / "metrics.jsonl", 25);
  program.signal(SIGINT);
  const Outcome stopped = program.wait();
  CHECK(stopped.status == 130);
  const auto step = json_file(tiny / "out" / "first" / "checkpoints" / "last" / "state.json").at("step").get<int64_t>();
  CHECK(stopped.err ==
        "stopped by SIGINT in stage \"first\" at step " + std::to_string(step) + " of 360; run the same command to continue\n");
  CHECK(!fs::exists(tiny / "out" / "second"));
  const Outcome rest = tiny.run("out", long_run);
  CHECK_MESSAGE(rest.status == 0, rest.err);
  for (const char* stage : {"first", "second"}) CHECK(trained(tiny / "out" / stage) == trained(tiny / "straight" / stage));
}

TEST_CASE("row: a changed stage is an error in its folder, and a changed earlier one is noticed by the later") {
  const Tiny tiny(tiny_row);
  REQUIRE(tiny.run("out").status == 0);
  const Outcome changed = tiny.run("out", {"--set", "second.run.seed=9"});
  CHECK(changed.status == 1);
  CHECK(changed.err == "lafs: error: stage \"second\": \"" + (tiny / "out" / "second").string() +
                           "\" holds a run of another recipe; give another --out, or the same recipe\n"
                           "  - [run] seed = 3\n  + [run] seed = 9\n");
  fs::remove_all(tiny / "out" / "first");
  const Outcome earlier = tiny.run("out", {"--set", "first.run.seed=9"});
  CHECK(earlier.status == 1);
  CHECK(earlier.err.starts_with("lafs: error: stage \"second\": \"" + (tiny / "out" / "second").string() +
                                "\" holds a run of another recipe; give another --out, or the same recipe\n  - [[init]] identity = \""));
}

TEST_CASE("row: one stage is run by its name, when those it needs are finished") {
  const Tiny tiny(tiny_row);
  const Outcome early = tiny.run("out", {"--stage", "second"});
  CHECK(early.status == 1);
  CHECK(early.err == "lafs: error: stage \"second\" takes weights of stage \"first\", which is not finished in \"" +
                         (tiny / "out" / "first").string() + "\"; run that first\n");
  const Outcome first = tiny.run("out", {"--stage", "first", "--json"});
  REQUIRE_MESSAGE(first.status == 0, first.err);
  CHECK(stage_names(nlohmann::json::parse(first.out)) == std::vector<std::string>{"first"});
  CHECK(nlohmann::json::parse(first.out).at("published").at(0).at("measured").is_null());
  const Outcome second = tiny.run("out", {"--stage", "second", "--json"});
  CHECK(stage_names(nlohmann::json::parse(second.out)) == std::vector<std::string>{"first", "second"});
  const Outcome none = tiny.run("out", {"--stage", "secnd"});
  CHECK(none.status == 2);
  CHECK(none.err == "--stage secnd: error: \"" + tiny.recipe().string() + "\" has no stage \"secnd\"; did you mean \"second\"?\n");
}

TEST_CASE("row: check and plan take all stages or one, before anything was run") {
  const Tiny tiny(tiny_row);
  const Outcome check = lafs({"check", tiny.recipe()});
  CHECK(check.status == 0);
  CHECK(check.out == tiny.recipe().string() + ": ok\n");
  const auto findings = nlohmann::json::parse(lafs({"check", "--json", tiny.recipe(), "--set", "second.init.0.into=trunk"}).out);
  REQUIRE(findings.size() == 2);
  CHECK(findings.at(0).at("stage") == "first");
  CHECK(findings.at(0).at("errors").empty());
  CHECK(findings.at(1).at("errors") == nlohmann::json::array({tiny.recipe().string() + ":63:1: error: the tree has no module \"trunk\""}));
  CHECK(nlohmann::json::parse(lafs({"check", "--json", "--stage", "second", tiny.recipe()}).out).size() == 1);

  const Outcome plan = lafs({"plan", tiny.recipe(), "--probe", "1", "--json"});
  REQUIRE_MESSAGE(plan.status == 0, plan.err);
  const auto plans = nlohmann::json::parse(plan.out);
  REQUIRE(plans.size() == 2);
  CHECK(plans.at(1).at("stage") == "second");
  CHECK(plans.at(1).at("steps") == 6);
  CHECK(plan.err.find("first/checkpoints/last\" does not exist yet; the probe runs without it\n") != std::string::npos);
  CHECK(nlohmann::json::parse(lafs({"plan", tiny.recipe(), "--probe", "0", "--json", "--stage", "first"}).out).at("steps") == 12);
}

TEST_CASE("row: a run and a row do not share a folder") {
  const Tiny row(tiny_row), tiny;
  REQUIRE(row.run("out", {"--stage", "first", "--set", "first.run.epochs=1"}).status == 0);
  const std::string folder = row / "out";
  const Outcome run = lafs({"run", tiny.recipe(), "--quiet", "--out", folder});
  CHECK(run.status == 1);
  CHECK(run.err == "lafs: error: \"" + folder + "\" holds other runs, as of a row of stages; give another --out\n");
  const Outcome inside = lafs({"run", row.recipe(), "--quiet", "--out", folder + "/first"});
  CHECK(inside.status == 1);
  CHECK(inside.err == "lafs: error: \"" + folder + "/first\" holds a run of its own; give the row another --out\n");
}

TEST_CASE("row: a mistake with a place of its own is reported without the stage") {
  const Tiny tiny(tiny_row);
  const Outcome outcome = tiny.run("out", {"--set", "second.data_source={ use = \"image_folder\", root = \"/no/faces\" }"});
  CHECK(outcome.status == 1);
  CHECK(outcome.err == "--set second.data_source: error: data_source \"image_folder\": the folder \"/no/faces\" does not exist\n");
}

TEST_CASE("row: check says where weights of an earlier stage will not fit, and the first tensor that does not") {
  const Tiny tiny(tiny_row);
  const std::string file = tiny.recipe().string();
  const Outcome wider = lafs({"check", tiny.recipe(), "--set", "second.backbone.mlp_dim=48"});
  CHECK(wider.status == 2);
  CHECK(wider.out == "");
  CHECK(wider.err ==
        file +
            ":63:1: error: [[init]] loads 14 of 17 tensors into \"backbone\" from \"stage:first\"; 3 of another shape, first "
            "\"transformer.layers.0.1.fn.fn.net.0.weight\" (F32 [32, 24] in the file, F32 [48, 24] here); that is less than floor = 1; "
            "the backbone of stage \"first\" is at " +
            file + ":24:1\n");
  CHECK(lafs({"check", tiny.recipe(), "--set", "second.backbone.mlp_dim=48", "--set", "second.init.0.floor=0.8"}).status == 0);
  CHECK(lafs({"check", tiny.recipe(), "--set", "second.init.0.into=", "--set", "second.init.0.select="}).status == 0);
  const Arguments heads{
      "check", tiny.recipe(), "--set", "second.init.0.into=", "--set", "second.init.0.select=", "--set", "first.run.identities=8"};
  CHECK(lafs(heads).status == 0);  // the second's number is not known: nothing to say
  const Outcome other = lafs(heads + Arguments{"--set", "second.run.identities=9"});
  CHECK(other.status == 2);
  CHECK_MESSAGE(other.err.find("(F32 [8, 24] in the file, F32 [9, 24] here)") != std::string::npos, other.err);
}

TEST_CASE("row: eval and verify-resume take the stage that is named") {
  const Tiny tiny(tiny_row);
  REQUIRE(tiny.run("out").status == 0);
  const Outcome eval = lafs({"eval", tiny / "out", "--stage", "second", "--json"});
  REQUIRE_MESSAGE(eval.status == 0, eval.err);
  CHECK(metric(nlohmann::json::parse(eval.out), "auc") == metric(json_file(tiny / "out" / "second" / "results.json"), "auc"));
  const Outcome none = lafs({"eval", tiny / "out", "--stage", "third"});
  CHECK(none.status == 1);
  CHECK(none.err == "lafs: error: \"" + (tiny / "out").string() + "\" has no run of a stage \"third\"; one of \"first\", \"second\"\n");
  const Outcome which = lafs({"verify-resume", tiny.recipe()});
  CHECK(which.status == 2);
  CHECK(which.err == tiny.recipe().string() + ": error: is a row: pick one stage with --stage; one of \"first\", \"second\"\n");
  const Outcome proof =
      lafs({"verify-resume", tiny.recipe(), "--stage", "second", "--inputs", tiny / "out", "--steps", "6", "--kill-at", "2"});
  CHECK_MESSAGE(proof.status == 0, proof.err);
  CHECK_MESSAGE(proof.out.starts_with("equal: "), proof.out);
}

}  // namespace
}  // namespace lafs::test
