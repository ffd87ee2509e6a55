#include "kernel/recipe/sense.h"
#include "kernel/recipe/recipe.h"

#include <doctest/doctest.h>

#include "kernel/toys.h"
#include "support/bytes.h"
#include "support/scratch.h"

using namespace lafs;
using test::recipe_error;

namespace {

/// Whether reading `[optimizer]` with these keys reports the sentence; there is no optimizer among the toys, which is reported too.
bool optimizer_reports(const std::string& keys, const std::string& sentence) {
  return recipe_error("[optimizer]\nuse = \"toy\"\n" + keys).find("r.toml:" + sentence) != std::string::npos;
}

}  // namespace

TEST_CASE("recipe: values that read as off, and leave nothing that trains, are errors") {
  CHECK(recipe_error("[run]\nclip = \"global\"\nclip_norm = 0\n") ==
        "r.toml:3:13: error: clip_norm = 0 makes every gradient 0, and nothing trains; to leave gradients as they are, write clip = "
        "\"none\"");
  CHECK(recipe_error("[run]\nclip_norm = 0\n") == "");
  CHECK(optimizer_reports("layer_decay = 0\n",
                          "3:15: error: layer_decay = 0 trains the last layer alone; write 1 for one rate in all layers"));
}

TEST_CASE("recipe: a rate of 0 is what it says, and noted") {
  Recipe recipe;
  recipe.optimizer.name = "sgd";
  CHECK(sense_notes(recipe).empty());
  recipe.optimizer_options.lr = cosine(0, 0);
  CHECK(sense_notes(recipe) == std::vector<std::string>{"lr = 0 in every step: no weight moves"});
  recipe.optimizer_options.lr = cosine(0, 1);
  CHECK(sense_notes(recipe).empty());
}

TEST_CASE("recipe: a warm-up as long as the run is noted") {
  Recipe recipe;
  recipe.optimizer.name = "sgd";
  recipe.run.epochs = 3;
  recipe.optimizer_options.lr = cosine(1, 0);
  recipe.optimizer_options.lr.warmup_epochs = 3;
  CHECK(sense_notes(recipe) ==
        std::vector<std::string>{
            "the warm-up of lr is as long as the run, so that lr only rises: train for more epochs, or lower warmup_epochs"});
  recipe.run.total_steps = 100;  // epochs do not count
  CHECK(sense_notes(recipe).empty());
  recipe.run.total_steps = 0;
  recipe.run.epochs = 4;
  CHECK(sense_notes(recipe).empty());
}

TEST_CASE("recipe: no number is infinite, whatever its range") {
  CHECK(optimizer_reports("lr = inf\n", "3:6: error: lr = inf is not a finite number (learning rate)"));
  CHECK(recipe_error("[run]\nevaluate_every = inf\n") ==
        "r.toml:2:18: error: evaluate_every = inf is not a finite number (epochs between evaluations; 0: only at the end)");
}

TEST_CASE("recipe: a path that TOML cannot hold is named before anything is written") {
  const test::ScratchFolder folder;
  const std::filesystem::path below = folder.path() / "J\xf6rg";
  std::filesystem::create_directories(below);
  test::write_bytes(below / "r.toml", "[data_source]\nuse = \"toy\"\nroot = \"faces\"\n");
  const std::string error = test::error_of([&] { open_recipe(below / "r.toml", {}, test::toys()); });
  const std::string wanted = ":3:8: error: the path \"" + folder.path().string() +
                             "/J\\xf6rg/faces\" is not UTF-8, and a recipe can only hold UTF-8; rename that folder or file";
  CHECK_MESSAGE(error.ends_with(wanted), error);
}

TEST_CASE("recipe: the best checkpoint is that of an evaluator of the recipe") {
  const auto best = [](const std::string& text) { return recipe_error("[run]\nbest = \"" + text + "\"\n"); };
  CHECK(best("accuracy") == "r.toml:2:8: error: best = \"accuracy\" is not \"EVALUATOR/METRIC\", such as \"dev/accuracy\"");
  CHECK(best("dev/accuracy") == "r.toml:2:8: error: best = \"dev/accuracy\" names no evaluator of the recipe");
}

TEST_CASE("recipe: options about evaluations while training have an effect, or are errors") {
  CHECK(recipe_error("[run]\npatience = 3\n") == "r.toml:2:12: error: patience = 3 has no effect: no evaluator runs while training");
  CHECK(recipe_error("[run]\nevaluate_steps = 5\n") ==
        "r.toml:2:18: error: evaluate_steps = 5 has no effect: no evaluator runs while training");
}
