#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernel/recipe/diagnostics.h"
#include "kernel/registry/registry.h"
#include "lafs/augmentation.h"
#include "lafs/backbone.h"
#include "lafs/data_source.h"
#include "lafs/evaluator.h"
#include "lafs/head.h"
#include "lafs/input.h"
#include "lafs/objective.h"
#include "lafs/optimizer.h"
#include "lafs/params.h"
#include "lafs/projector.h"

namespace lafs {

/// `[run.loss_scale]`: how the scale of an fp16 run's loss moves (pretraining.md 8).
struct LossScaleOptions {
  double start = 65536;
  double growth = 2;     ///< factor after `growth_interval` steps without an overflow
  double backoff = 0.5;  ///< factor after a step with one
  int64_t growth_interval = 2000;

  void declare(Params& p);
};

/// `[run]`: everything that is not a component.
struct RunOptions {
  int64_t seed = 1;
  int64_t epochs = 1;
  int64_t steps = 0;                    ///< stop after so many optimizer steps; 0: epochs decide
  int64_t batch = 64;                   ///< images of a micro-batch over all ranks
  int64_t accumulate = 1;               ///< micro-batches of an optimizer step
  std::string precision = "fp32";       ///< "fp32", "bf16", "fp16"
  LossScaleOptions loss_scale;          ///< of "fp16"
  std::string device = "auto";          ///< "auto", "cpu", "cuda"
  std::string behaviour = "published";  ///< "published", "corrected": default of every quirk
  std::string clip = "none";            ///< "none", "global", "per_tensor"
  double clip_norm = 3;
  int64_t threads = 0;  ///< compute threads; 0 becomes the number of cores when the recipe is resolved
  int64_t loader_threads = 2, prefetch = 4;
  int64_t images = 0,
          identities =
              0;  ///< numbers of the training data, for `plan` and `check` where the data is not there; checked against it where it is
  double evaluate_every = 1;     ///< epochs between evaluations; 0: only at the end
  int64_t checkpoint_every = 0;  ///< optimizer steps between checkpoints; 0: at the end of each epoch
  int64_t log_every = 10;        ///< optimizer steps between lines of metrics.jsonl
  std::vector<Path> plugins;     ///< more folders or libraries

  void declare(Params& p);
};

/// Parameters chosen by name: the first group whose pattern matches takes a parameter.
struct GroupOptions {
  std::string name;
  std::vector<std::string> match;  ///< glob patterns on qualified names ("*.bias"); "rank<=1", "rank>=2" choose by shape
  double weight_decay = -1;        ///< < 0: the optimizer's
  double lr_scale = 1;

  void declare(Params& p);
};

/// The keys of `[optimizer]` that are the runner's, beside the plugin's own.
struct OptimizerOptions {
  Schedule lr = cosine(1e-3, 0), weight_decay = 0.05;
  std::string scale_rule = "none";  ///< "none", "linear_256", "lafs_sqrt"
  std::vector<GroupOptions> groups;
  double layer_decay = 1;            ///< lr of block l times layer_decay^(depth - l)
  bool layer_decay_applied = false;  ///< quirk FT-01: published computes it and ignores it

  void declare(Params& p);
};

/// The keys of an `[[evaluator]]` that are the runner's.
struct EvaluatorEntry {
  std::string name;  ///< of its results; default the plugin's name
  bool while_training = true;
  Use<Evaluator> use;

  void declare(Params& p);
};

/// `[[init]]`: weights put into a part of the tree before the first step.
struct InitEntry {
  std::string into;      ///< path in the tree, "" the root
  Path from;             ///< a safetensors file or a checkpoint folder; in a row also "stage:NAME"
  std::string identity;  ///< of the training that wrote `from`, or a file's hash; where known, the path is no part of the recipe's identity
  std::string map;       ///< name map that makes our names of the file's; empty: they are ours
  std::string select;    ///< prefix taken from the file, and removed, before the map
  std::vector<std::string> only, except;  ///< globs on the target's names; `floor` counts what they leave
  double floor = 1;                       ///< share of the target's tensors that must be matched
  std::string position;                   ///< "recipe.toml:12:1"

  void declare(Params& p);
};

/// A run recipe, read and checked.
struct Recipe {
  std::filesystem::path file;
  std::string title;
  RunOptions run;
  InputContract input;
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

  std::string resolved;  ///< TOML with every default written out and absolute paths; reads back to itself
  std::string identity;  ///< hex hash of every option that can change a number of the training, plugin revisions included (contract 8)
  std::string evaluation_identity;     ///< the same with the evaluators: what results are comparable by
  std::vector<std::string> libraries;  ///< of `[run] plugins`, absolute
  const Registry* registry = nullptr;  ///< it was read with, which outlives it
};

struct Node;

/// What a command line adds to a file.
struct RecipeContext {
  std::vector<std::pair<std::string, std::string>> overrides;  ///< --set KEY=VALUE, in order; a value is TOML, or else a bare string
  std::string data_root;                                       ///< LAFS_DATA: the default of `[paths] data`
};

/// Reads a recipe with its bases. Opens no data. Loads `[run] plugins` into the registry first.
/// Throws RecipeError with every mistake, or Error when the file cannot be read. A row is refused: see row.h.
Recipe read_recipe(const std::filesystem::path& file, const RecipeContext& context, Registry& registry);

/// The same from text, for tests; `name` stands where the file's name would.
Recipe read_recipe_text(std::string_view text, const std::string& name, const RecipeContext& context, Registry& registry);

/// The same from a document with its bases under it and overrides on top; `file` is what the recipe says it comes from.
Recipe read_recipe_document(const Node& document, const std::filesystem::path& file, const std::string& data_root, Registry& registry);

/// Writes `resolved` and the identities anew, after a member was changed.
void resolve(Recipe& recipe);

/// Options of one plugin from inline TOML ("dim = 48"), for tests and tools. Throws RecipeError.
void read_options(std::string_view toml, const std::string& name, AnyUse& use, const Registry& registry, bool corrected = false);

/// The options of a use as inline TOML, every default written out, "use" first: `{ use = "fvit", dim = 48 }` as a TOML document.
std::string options_text(const AnyUse& use);

/// A plugin's options for a reader: the pages of `lafs describe`.
struct OptionPage {
  std::string key, type, fallback, rule, doc;  ///< fallback: the default as TOML; rule: "in [0, 1]", "one of ..."
  std::string quirk, corrected;                ///< quirk number and corrected value; empty if none
  std::vector<OptionPage> inner;               ///< of a table or list of tables
};
std::vector<OptionPage> list_options(const Configured& options);
/// The same of a plain struct with `declare`.
std::vector<OptionPage> list_options(Table& table);

}  // namespace lafs
