#include "kernel/recipe/rehearsal.h"

#include <doctest/doctest.h>

#include "kernel/recipe/row.h"
#include "kernel/toys.h"

using namespace lafs;
using test::recipe;
using test::recipe_error;

namespace {

RecipeContext rehearsed(std::vector<std::pair<std::string, std::string>> overrides = {}) {
  RecipeContext context;
  context.overrides = std::move(overrides);
  context.data_root = "/real";
  context.rehearsal = "/generated";
  return context;
}

}  // namespace

TEST_CASE("rehearsal: a run is short, and its schedules keep their length") {
  const RunOptions run = recipe(
                             "[run]\nepochs = 34\nbatch = 440\naccumulate = 3\nimages = 4235242\nidentities = 205990\n"
                             "evaluate_every = 0.5\nlog_every = 50\n",
                             rehearsed())
                             .run;
  CHECK(run.epochs == 34);
  CHECK(run.batch == 4);
  CHECK(run.accumulate == 3);
  CHECK(run.steps == 12);
  CHECK(run.images == 0);
  CHECK(run.identities == 0);
  CHECK(run.evaluate_every == 1.5);
  CHECK(run.log_every == 1);
}

TEST_CASE("rehearsal: what is small stays as it is") {
  const RunOptions run = recipe("[run]\nbatch = 2\nsteps = 3\nevaluate_every = 0\n", rehearsed()).run;
  CHECK(run.batch == 2);
  CHECK(run.steps == 3);
  CHECK(run.evaluate_every == 0);
  CHECK(recipe("[run]\nevaluate_every = 5\n", rehearsed()).run.evaluate_every == 5);
}

TEST_CASE("rehearsal: [rehearsal] says what else is smaller, and the command line has the last word") {
  const char* const text =
      "[run]\nbatch = 100\naccumulate = 5\n[data_source]\nuse = \"toy\"\nsize = 9\n"
      "[rehearsal]\n\"data_source.size\" = 2\nrun.accumulate = 1\n";
  const Recipe small = recipe(text, rehearsed());
  CHECK(small.resolved.find("size = 2\n") != std::string::npos);
  CHECK(small.run.accumulate == 1);
  CHECK(recipe(text, rehearsed({{"run.accumulate", "2"}, {"run.batch", "7"}})).run.accumulate == 2);
  CHECK(recipe(text, rehearsed({{"run.batch", "7"}})).run.batch == 7);
}

TEST_CASE("rehearsal: without one, [rehearsal] changes nothing") {
  const Recipe plain = recipe("[run]\nbatch = 100\n"), with = recipe("[run]\nbatch = 100\n[rehearsal]\nrun.batch = 3\n");
  CHECK(with.identity == plain.identity);
  CHECK(with.resolved == plain.resolved);
}

TEST_CASE("rehearsal: every root is a folder of generated pictures") {
  const std::string text = "[paths]\nfaces = \"/mine\"\n[data_source]\nuse = \"toy\"\nroot = \"@faces/a\"\nlists = [\"@data/b\", \"/c\"]\n";
  CHECK(recipe(text, rehearsed()).resolved.find("root = \"/generated/faces/a\"\nlists = [\"/generated/data/b\", \"/c\"]\n") !=
        std::string::npos);
}

TEST_CASE("rehearsal: a key that the recipe does not have is a mistake, rehearsed or not") {
  CHECK(recipe_error("[rehearsal]\n\"run.bacth\" = 3\n") ==
        "r.toml:2:1: error: rehearsal: the recipe has no \"run.bacth\"; did you mean \"run.batch\"?");
  CHECK(recipe_error("rehearsal = 3\n") == "r.toml:1:13: error: rehearsal is an integer, not a table");
  CHECK(recipe_error("[rehearsal]\nrun.batch = \"few\"\n", rehearsed()) ==
        "r.toml:2:13: error: batch = \"few\" is a string, not an integer");
}

TEST_CASE("rehearsal: a replaced plugin takes the settings of its options along") {
  const test::Folder folder("rehearsal");
  folder.write("base.toml", "[data_source]\nuse = \"toy\"\n[rehearsal]\ndata_source.size = 2\n\"run.seed\" = 5\n");
  const std::string other = folder.write("other.toml", "base = \"base.toml\"\n[data_source]\nuse = \"other\"\n");
  CHECK(open_recipe(other, rehearsed(), test::toys()).run.seed == 5);
}

TEST_CASE("rehearsal: stages of a row have the common settings and their own") {
  const test::Folder folder("rehearsal_row");
  const std::string file = folder.write("row.toml",
                                        "[rehearsal]\nrun.seed = 5\n[[stage]]\nname = \"a\"\n[stage.rehearsal]\nrun.seed = 6\n"
                                        "[[stage]]\nname = \"b\"\n");
  const Row row = open_row(file, rehearsed(), test::toys());
  CHECK(row.stages[0].recipe.run.seed == 6);
  CHECK(row.stages[1].recipe.run.seed == 5);
  CHECK(open_row(file, rehearsed({{"b.run.seed", "7"}}), test::toys()).stages[1].recipe.run.seed == 7);
}
