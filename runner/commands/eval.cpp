#include <cstdio>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "formats/atomic_file.h"
#include "kernel/evaluate/embedder.h"
#include "kernel/model/assembly.h"
#include "kernel/model/trained_model.h"
#include "kernel/ranks/device.h"
#include "kernel/recipe/row.h"
#include "kernel/results/json_text.h"
#include "kernel/results/results_json.h"
#include "kernel/results/results_table.h"
#include "runner/commands/command.h"
#include "runner/report/say.h"

namespace lafs {

namespace {

namespace fs = std::filesystem;

struct EvalArguments {
  fs::path checkpoint, recipe, out;
  RecipeArguments common;
  int64_t batch = 64;
  bool json = false, quiet = false;
};

/// The recipe whose evaluators are asked: the one given, or the one the checkpoint was trained with.
Recipe recipe_of(const EvalArguments& arguments, const TrainedModel& model, Registry& registry) {
  if (!arguments.recipe.empty()) return open_stage(arguments.recipe, arguments.common.stage, arguments.common.context(), registry);
  return training_recipe(model, arguments.common.context(), registry);
}

std::function<void(int64_t, int64_t)> progress_of(bool quiet) {
  if (quiet) return {};
  return [last = int64_t{-1}](int64_t done_count, int64_t total) mutable {
    const int64_t percent = total ? 100 * done_count / total : 100;
    if (percent / 10 != last / 10 || last < 0) say("embedded {} of {} pictures\n", done_count, total);
    last = percent;
  };
}

int run(const EvalArguments& arguments, const Invocation& invocation) {
  const TrainedModel model = find_model(arguments.checkpoint, arguments.common.stage, !arguments.recipe.empty());
  const auto& [checkpoint, position, facts] = model;
  Registry registry = load_plugins(invocation);
  const Recipe recipe = recipe_of(arguments, model, registry);
  if (const std::string difference = facts.input.difference(recipe.input); !difference.empty()) {
    throw Error(fmt::format("the input contract of \"{}\" is not that of the recipe: {}", checkpoint.string(), difference));
  }
  if (recipe.evaluators.empty()) throw Error("the recipe has no [[evaluator]]");
  const at::Device device = open_device(recipe.run.device);
  use_threads(recipe.run.threads);
  RecipeAssembly assembly(recipe, RecipeAssembly::Data::open, [](const std::string& text) { say("{}\n", text); });
  auto backbone = load_encoder(model, registry);
  backbone->module()->to(device);

  EmbedderOptions options;
  options.batch = arguments.batch;
  options.threads = recipe.run.loader_threads;
  options.device = device;
  options.precision = recipe.run.precision;
  options.progress = progress_of(arguments.quiet || arguments.json);
  ModelEmbedder embedder(backbone, recipe.input, options);
  const auto results = evaluate(assembly.evaluators(), embedder);
  const ResultFacts about{{"checkpoint", checkpoint.string()}, {"training_identity", facts.identity}};
  if (!arguments.out.empty()) {
    formats::write_atomically(arguments.out, json_text(results_json(results, position.step, checkpoint.filename().string(), about)) + "\n");
  }
  if (arguments.json) {
    fmt::print("{}\n", json_text(results_json(results, position.step, checkpoint.filename().string(), about)));
  } else {
    fmt::print("{} (step {})\n{}", checkpoint.string(), position.step, results_table(results));
  }
  return done;
}

}  // namespace

Action add_eval(CLI::App& app) {
  auto arguments = std::make_shared<EvalArguments>();
  CLI::App* command = app.add_subcommand("eval", "measure a trained model again, with its own evaluators or those of another recipe");
  command->add_option("checkpoint", arguments->checkpoint, "run folder (its best checkpoint, else the last) or checkpoint folder")
      ->required()
      ->type_name("DIR");
  command->add_option("--recipe", arguments->recipe, "take the evaluators from this recipe; default the one it was trained with")
      ->type_name("FILE");
  command->add_option("--out", arguments->out, "also write the results to this file, as JSON")->type_name("FILE");
  command->add_option("--batch", arguments->batch, "pictures of a forward pass")->check(CLI::Range(1, 65536))->capture_default_str();
  arguments->common.add_to(*command);
  arguments->common.add_stage_to(*command, "this stage of a row's folder, or of a row given as --recipe");
  command->add_flag("--json", arguments->json, "results as JSON on standard output");
  command->add_flag("--quiet,-q", arguments->quiet, "no progress");
  command->footer("The model is run under the input contract saved with it; a recipe with another one is refused, naming both values.");
  return [arguments](const Invocation& invocation) { return run(*arguments, invocation); };
}

}  // namespace lafs
