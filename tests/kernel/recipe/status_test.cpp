#include "kernel/recipe/status.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "kernel/recipe/row.h"
#include "kernel/toys.h"

using namespace lafs;
using test::recipe;
using test::recipe_error;

namespace {

/// "key = value: word, why" of each status.
std::string shown(const Recipe& recipe) {
  std::string out;
  for (const auto& [key, word, why, value] : recipe.statuses) out += fmt::format("{} = {}: {}, {}\n", key, value, word, why);
  return out;
}

Recipe file_recipe(const std::string& file, std::vector<std::pair<std::string, std::string>> overrides = {}) {
  return open_recipe(file, {std::move(overrides), ""}, test::toys());
}

}  // namespace

TEST_CASE("status: a setting is known, derived or unknown, and its value stands beside") {
  CHECK(shown(recipe("[run]\nbatch = 12\n[data_source]\nuse = \"toy\"\n[status]\n\"run.batch\" = \"derived:  a file's name: 12\"\n"
                     "\"run.seed\" = \"unknown: none is recorded\"\n\"data_source\" = \"known: it says so\"\n")) ==
        "data_source = \"toy\": known, it says so\n"
        "run.batch = 12: derived, a file's name: 12\n"
        "run.seed = 1: unknown, none is recorded\n");
}

TEST_CASE("status: keys without quotes are the same, and numbers count the items of a list") {
  CHECK(shown(recipe("[[evaluator]]\nuse = \"toy\"\nprotocol = \"lfw\"\n[status]\nrun.batch = \"known: x\"\nevaluator.0.folds = \"known: "
                     "y\"\n")) == "evaluator.0.folds = 10: known, y\nrun.batch = 64: known, x\n");
}

TEST_CASE("status: it is in no identity, and the resolved text keeps it") {
  const Recipe plain = recipe("[run]\nseed = 3\n"), noted = recipe("[run]\nseed = 3\n[status]\nrun.seed = \"known: \\\"x\\\"\"\n");
  CHECK(noted.identity == plain.identity);
  CHECK(noted.evaluation_identity == plain.evaluation_identity);
  CHECK(plain.resolved.find("status") == std::string::npos);
  CHECK(noted.resolved.ends_with("\n[status]\n\"run.seed\" = \"known: \\\"x\\\"\"\n"));
  CHECK(recipe(noted.resolved).resolved == noted.resolved);
}

TEST_CASE("status: every mistake is reported, with a suggestion for a key") {
  CHECK(recipe_error("[status]\n\"run.bacth\" = \"known: x\"\n\"run.batch\" = \"about 64\"\n\"run.seed\" = \"unknown\"\nrun.epochs = 3\n"
                     "\"rum.seed\" = \"known: x\"\n") ==
        "r.toml:2:1: error: status: the recipe has no \"run.bacth\"; did you mean \"run.batch\"?\n"
        "r.toml:3:15: error: status of \"run.batch\" = \"about 64\" begins with none of \"known\", \"derived\", \"unknown\": write "
        "\"unknown: "
        "why\"\n"
        "r.toml:4:14: error: status of \"run.seed\" = \"unknown\" says no reason: write \"unknown: why\"\n"
        "r.toml:5:14: error: status of \"run.epochs\" is an integer, not a string\n"
        "r.toml:6:1: error: status: the recipe has no \"rum.seed\"; did you mean \"run\"?");
  CHECK(recipe_error("status = 3\n") == "r.toml:1:10: error: status is an integer, not a table");
  CHECK(recipe_error("[status]\n\"data_source.size\" = \"known: x\"\n") ==
        "r.toml:2:1: error: status: the recipe has no \"data_source.size\"; one of \"run\", \"input\", \"evaluator\"");
  CHECK(recipe_error("[status]\n\"evaluator.0\" = \"known: x\"\n") == "r.toml:2:1: error: status: the recipe has no \"evaluator.0\"");
}

TEST_CASE("status: keys are looked for only where the tables could be read") {
  CHECK(recipe_error("[data_source]\nuse = \"nothing\"\n[status]\n\"data_source.size\" = \"known: x\"\n\"run.seed\" = \"so\"\n") ==
        "r.toml:2:7: error: no data_source \"nothing\"; one of \"other\", \"toy\"; plugins of your own are found in the folders of "
        "LAFS_PLUGIN_PATH, or named by [run] plugins\n"
        "r.toml:5:14: error: status of \"run.seed\" = \"so\" begins with none of \"known\", \"derived\", \"unknown\": write \"unknown: "
        "why\"");
}

TEST_CASE("status: bases are merged key by key, and a replaced plugin takes what was said of its options along") {
  const test::Folder folder("status");
  folder.write(
      "base.toml",
      "[data_source]\nuse = \"toy\"\nsize = 9\n[[evaluator]]\nuse = \"toy\"\nprotocol = \"lfw\"\n[status]\nrun.batch = \"known: base\"\n"
      "run.seed = \"known: base\"\ndata_source.use = \"known: base\"\ndata_source.size = \"known: base\"\n"
      "evaluator.0.folds = \"known: base\"\n");
  const std::string same = folder.write("same.toml", "base = \"base.toml\"\n[status]\n\"run.seed\" = \"unknown: mine\"\n");
  CHECK(shown(file_recipe(same)) ==
        "data_source.size = 9: known, base\n"
        "data_source.use = \"toy\": known, base\n"
        "evaluator.0.folds = 10: known, base\n"
        "run.batch = 64: known, base\n"
        "run.seed = 1: unknown, mine\n");
  const std::string other = folder.write(
      "other.toml", "base = \"base.toml\"\n[data_source]\nuse = \"other\"\n[[evaluator]]\nuse = \"toy\"\nprotocol = \"cfp\"\n");
  const std::string kept = "data_source.use = \"other\": known, base\nrun.batch = 64: known, base\n";
  CHECK(shown(file_recipe(other)) == kept + "run.seed = 1: known, base\n");
  CHECK(shown(file_recipe(other, {{"status.run.seed", "derived: mine"}})) == kept + "run.seed = 1: derived, mine\n");
}

TEST_CASE("status: the resolved text reads back to itself, whatever the order of the layers") {
  const test::Folder folder("status_order");
  folder.write("base.toml", "[status]\nrun.seed = \"known: base\"\n");
  const Recipe read = file_recipe(folder.write("top.toml", "base = \"base.toml\"\n[status]\nrun.batch = \"known: top\"\n"));
  CHECK(recipe(read.resolved).resolved == read.resolved);
}

TEST_CASE("status: stages of a row have the common ones and their own") {
  const test::Folder folder("status_row");
  const std::string file = folder.write("row.toml",
                                        "[status]\nrun.seed = \"known: common\"\nrun.batch = \"known: common\"\n[[stage]]\nname = \"a\"\n"
                                        "[stage.status]\nrun.batch = \"unknown: mine\"\n[[stage]]\nname = \"b\"\n");
  const Row row = open_row(file, {}, test::toys());
  CHECK(shown(row.stages[0].recipe) == "run.batch = 64: unknown, mine\nrun.seed = 1: known, common\n");
  CHECK(shown(row.stages[1].recipe) == "run.batch = 64: known, common\nrun.seed = 1: known, common\n");
  CHECK(shown(open_row(file, {{{"b.status.run.batch", "derived: here"}}, ""}, test::toys()).stages[1].recipe) ==
        "run.batch = 64: derived, here\nrun.seed = 1: known, common\n");
}
