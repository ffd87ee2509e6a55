#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/recipe/document.h"
#include "kernel/recipe/options.h"
#include "kernel/recipe/status.h"
#include "kernel/registry/registry.h"
#include "lafs/augmentation.h"
#include "lafs/backbone.h"
#include "lafs/data_source.h"
#include "lafs/evaluator.h"
#include "lafs/head.h"
#include "lafs/input.h"
#include "lafs/objective.h"
#include "lafs/optimizer.h"
#include "lafs/projector.h"

namespace lafs {

/// A run recipe, read and checked.
struct Recipe {
  std::filesystem::path file;
  std::string title;
  RunOptions run;
  InputContract input;
  bool input_written = false;  ///< whether the recipe has an [input] at all
  Use<DataSource> data_source;
  Use<Augmentation> augmentation;
  Use<Backbone> backbone;
  Use<Projector> projector;
  Use<Head> head;
  Use<Objective> objective;
  Use<Optimizer> optimizer;
  OptimizerOptions optimizer_options;
  std::vector<InitEntry> init;
  std::vector<EvaluatorEntry> evaluators;
  std::map<std::string, std::string> paths;
  std::vector<SettingStatus> statuses;  ///< how well settings are known
  std::vector<std::string> written;     ///< keys that the recipe, its bases and the command line say, as written.h has them

  std::string resolved;  ///< TOML with every default written out and absolute paths; reads back to itself
  std::string identity;  ///< hex hash of every option that can change a number of the training, plugin revisions included (contract 8)
  std::string evaluation_identity;     ///< the same with the evaluators: results are comparable where it is equal
  const Registry* registry = nullptr;  ///< it was read with, which outlives it
};

/// Opens a recipe in the three steps below: reads the file with its bases, loads the libraries that `[run] plugins` names, which runs
/// their code, and reads the recipe. No training data is opened. A file of several stages is refused: see row.h.
/// Throws RecipeError with every mistake.
Recipe open_recipe(const std::filesystem::path& file, const RecipeContext& context, Registry& registry);

/// The same from a text; `name` stands where the file's name would.
Recipe open_recipe_text(std::string_view text, const std::string& name, const RecipeContext& context, Registry& registry);

/// Loads the libraries and folders that `[run] plugins` of the document names. What fails is added to the document's mistakes, for
/// `read_recipe` to report with the others.
void load_recipe_plugins(Document& document, Registry& registry);

/// Reads a document whose plugins are loaded (layers.h makes it). Hashes the weights files that `[[init]]` names: `identify_weights`.
/// Throws RecipeError with the document's mistakes and all others.
Recipe read_recipe(Document document, const Registry& registry);

/// As `resolved`, with what `identity` stands for alone: no option that changes no number of the training, and no evaluator.
std::string counting_text(Recipe recipe);

/// Brings `resolved` and the identities up to date after a member was changed.
void resolve(Recipe& recipe);

}  // namespace lafs
