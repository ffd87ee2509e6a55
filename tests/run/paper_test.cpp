#include <algorithm>
#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "run/tiny.h"

namespace lafs::test {
namespace {

fs::path paper(const std::string& name) { return fs::path(LAFS_TEST_SOURCE) / "recipes/paper" / name; }

nlohmann::json plan_of(const std::string& name) {
  const Outcome outcome = lafs({"plan", paper(name), "--probe", "0", "--json"});
  REQUIRE_MESSAGE(outcome.status == 0, outcome.err);
  return nlohmann::json::parse(outcome.out);
}

const nlohmann::json& named(const nlohmann::json& list, const std::string& key, const std::string& name) {
  const auto found = std::find_if(list.begin(), list.end(), [&](const auto& item) { return item.at(key) == name; });
  REQUIRE_MESSAGE(found != list.end(), name);
  return *found;
}

}  // namespace

TEST_CASE("paper: the plan of row C prints the known figures as they are written elsewhere") {
  const Outcome plan = lafs({"plan", "--probe", "0", std::string(LAFS_TEST_SOURCE) + "/recipes/paper/row_c.toml", "--stage", "finetune"});
  REQUIRE_MESSAGE(plan.status == 0, plan.err);
  for (const char* part : {"batch 400 x 3, 119,997 optimizer steps\n", "largest 2.291288e-3 at step 17,646, last 1.000002e-6\n",
                           "66,955,616", "would make 29 groups"}) {
    CHECK_MESSAGE(plan.out.find(part) != std::string::npos, part);
  }
}

TEST_CASE("paper: row C takes the published steps, rates, parameters and groups") {
  const auto stages = plan_of("row_c.toml");
  const auto& finetune = named(stages, "stage", "finetune");
  // finetuning.md 8 and 9
  CHECK(finetune.at("steps") == 119997);
  CHECK(finetune.at("micro_batches_per_epoch") == 10588);
  CHECK(finetune.at("lr").at("largest").get<double>() == doctest::Approx(2.2912878475e-3).epsilon(1e-10));
  CHECK(finetune.at("lr").at("warmup_steps") == 17646);
  CHECK(finetune.at("lr").at("last").get<double>() == doctest::Approx(1.0000021578e-6).epsilon(1e-10));
  CHECK(named(finetune.at("modules"), "path", "backbone").at("parameters") == 66955616);
  CHECK(finetune.at("groups").size() == 3);
  const auto& layers = finetune.at("layer_groups");
  REQUIRE(layers.size() == 29);
  CHECK(std::count_if(layers.begin(), layers.end(), [](const auto& group) { return group.at("elements") == 5308416; }) == 12);
  const auto& tokens = named(layers, "first", "backbone.pos_embedding");
  CHECK(tokens.at("elements") == 362240);
  CHECK(tokens.at("lr_scale").get<double>() == doctest::Approx(0.000840551).epsilon(1e-6));
  // finetuning.md 6
  const auto& supervised = named(stages, "stage", "supervised");
  REQUIRE(supervised.at("groups").size() == 2);
  CHECK(supervised.at("groups").at(0).at("elements") == 2872928);
  CHECK(supervised.at("groups").at(0).at("weight_decay") == 0.05);
  CHECK(supervised.at("groups").at(1).at("elements") == 222283008);
  CHECK(supervised.at("groups").at(1).at("weight_decay") == 0.1);
}

TEST_CASE("paper: a plan says what was published, what differs, and which settings nobody knows") {
  const auto stages = plan_of("row_c.toml");
  CHECK(stages.at(0).at("published").empty());
  const auto& finetune = stages.back();
  CHECK(finetune.at("published").at(1).at("value") == 0.9758);
  CHECK(finetune.at("published").at(1).at("evaluator") == "IJB-C, published scaling");
  CHECK(finetune.at("deviations").size() == 3);
  CHECK(named(finetune.at("statuses"), "key", "objective.mixup_prob").at("status") == "unknown");
  const Outcome text = lafs({"plan", paper("row_c.toml"), "--stage", "finetune", "--probe", "0"});
  for (const char* part :
       {"\n  objective.mixup_prob = 0.1: 0.1 by the README; 0.2 was the committed default",
        "\nunknown settings, beside 8 derived, 12 known:\n",
        "\npublished   tar@nearest_far=0.0001 = 0.9628 of \"IJB-B, published scaling\" (README of LAFS_CVPR2024, supervised checkpoints); "
        "derived: ",
        "\ndeviation   the last step is measured; ", "\nlayer_decay would make 29 groups of these; it is not applied"})
    CHECK_MESSAGE(text.out.find(part) != std::string::npos, part);
}

TEST_CASE("paper: rows that share a stage train it once") {
  const auto row_a = plan_of("row_a.toml"), row_c = plan_of("row_c.toml"), ssl = plan_of("lafs_1shot.toml");
  CHECK(row_a.at("training_identity") == row_c.at(0).at("training_identity"));
  CHECK(ssl.at(1).at("training_identity") == row_c.at(1).at("training_identity"));
}

TEST_CASE("plan, check: a grid is planned by its first cell and checked in all") {
  const auto plan = plan_of("fewshot.toml");
  CHECK(plan.at("cells") == 36);
  CHECK(plan.at("stages").at(0).at("images") == 2059);
  CHECK(named(plan.at("stages").at(0).at("statuses"), "key", "run.evaluate_every").at("status") == "unknown");
  const Tiny tiny;
  const fs::path grid = tiny / "grid.toml";
  write_bytes(
      grid,
      "[grid]\nrecipe = \"tiny.toml\"\nseeds = [1, 2]\n[[grid.axis]]\nname = \"margin\"\nkey = \"head.margin\"\nvalues = [0.1, 0.2]\n");
  CHECK(lafs({"check", grid}).out == grid.string() + ": ok, 4 cells\n");
  CHECK(lafs({"plan", grid, "--probe", "0"})
            .out.starts_with("a grid of 4 cells; this is the first: margin=0.1,seed=1\n\n" + tiny.recipe().string()));
  write_bytes(
      grid,
      "[grid]\nrecipe = \"tiny.toml\"\nseeds = [1, 2]\n[[grid.axis]]\nname = \"margin\"\nkey = \"head.margin\"\nvalues = [0.1, 7, -1]\n");
  const Outcome wrong = lafs({"check", grid});
  CHECK(wrong.status == 2);
  CHECK(wrong.err ==
        grid.string() + ":7:16: error: margin = 7 is outside [0, 2] (subtracted from the target cosine) (cell margin=7,seed=1)\n" +
            grid.string() + ":7:19: error: margin = -1 is outside [0, 2] (subtracted from the target cosine) (cell margin=-1,seed=1)\n");
  write_bytes(grid,
              "[grid]\nrecipe = \"tiny.toml\"\n[[grid.axis]]\nname = \"a\"\nkey = \"head.margin\"\nvalues = [0.1]\n[[grid.exclude]]\na = "
              "\"0.1\"\n");
  CHECK(lafs({"check", grid}).err == grid.string() + ": error: [[grid.exclude]] leaves no cell\n");
  CHECK(lafs({"plan", grid}).err == grid.string() + ": error: [[grid.exclude]] leaves no cell\n");
}

TEST_CASE("evaluators: one may see pixels in another scaling, in a run and when measured again") {
  const Tiny tiny(
      std::string(tiny_text) +
      "\n[[evaluator]]\nname = \"half\"\nscaling = \"published_eval\"\nuse = \"verification\"\ngenuine = 20\nimpostor = 20\nfolds = 5\n"
      "baseline = false\n[evaluator.data]\nuse = \"synthetic_faces\"\nfirst_identity = 1000\nidentities = 6\nper_identity = 4\n"
      "size = 32\n");
  REQUIRE(tiny.run("out").status == 0);
  const auto results = json_file(tiny / "out" / "results.json").at("evaluators");
  const auto value = [](const nlohmann::json& evaluators, const char* evaluator) {
    return named(named(evaluators, "name", evaluator).at("values"), "name", "xnorm").at("value").get<double>();
  };
  CHECK(results.at(0).at("name") == "verification");
  CHECK(value(results, "verification") != value(results, "half"));
  REQUIRE(lafs({"eval", tiny / "out" / "checkpoints" / "last", "--out", tiny / "again.json"}).status == 0);
  const auto again = json_file(tiny / "again.json").at("evaluators");
  for (const char* evaluator : {"verification", "half"}) CHECK(value(again, evaluator) == value(results, evaluator));
  const Outcome alone = lafs({"eval", tiny / "out", "--set", "input.preset=published_eval"});
  CHECK(alone.status != 0);
}

TEST_CASE("table: an option that names nothing is refused") {
  for (const char* option : {"--average", "--against", "--stage"}) {
    const Outcome outcome = lafs({"table", "runs", option, ""});
    CHECK(outcome.status == 2);
    CHECK(outcome.err ==
          "lafs table: error: " + std::string(option) + ": the text is empty; leave the option out; see lafs table --help\n");
  }
}

TEST_CASE("table: published numbers of other methods stand below a run") {
  const Tiny tiny;
  REQUIRE(tiny.run("out", {"--set", "run.epochs=1"}).status == 0);
  write_bytes(tiny / "others.toml",
              "[[published]]\nmethod = \"other\"\nbackbone = \"r50\"\ntraining_set = \"faces\"\nmetric = \"accuracy\"\nvalue = 0.875\n"
              "source = \"a paper\"\n");
  const Outcome table = lafs({"table", tiny / "out", "--published", tiny / "others.toml"});
  CHECK_MESSAGE(table.status == 0, table.err);
  CHECK(table.out.find("other, r50, faces (published)") != std::string::npos);
  CHECK(table.out.find("87.50") != std::string::npos);
  CHECK(table.out.find("other, r50, faces: published, not measured here: a paper\n") != std::string::npos);
}

}  // namespace lafs::test
