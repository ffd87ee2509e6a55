#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "lafs/evaluator.h"
#include "lafs/input.h"
#include "lafs/params.h"

namespace lafs {

/// `[run.loss_scale]`: how the scale of an fp16 run's loss changes (pretraining.md 8).
struct LossScaleOptions {
  double start = 65536;
  double growth = 2;     ///< factor after `growth_interval` steps without an overflow
  double backoff = 0.5;  ///< factor after a step with one
  int64_t growth_interval = 2000;

  void declare(Params& p);
};

/// `[run]`: length, batches, precision, device and intervals.
struct RunOptions {
  int64_t seed = 1;
  int64_t epochs = 1;
  int64_t total_steps = 0;              ///< optimizer steps that run and schedules are fitted to, in place of epochs; 0: epochs
  int64_t steps = 0;                    ///< stop after this many optimizer steps; 0: run all
  int64_t batch = 64;                   ///< images of a micro-batch over all ranks
  int64_t accumulate = 1;               ///< micro-batches of an optimizer step
  std::string precision = "fp32";       ///< "fp32", "bf16", "fp16"
  LossScaleOptions loss_scale;          ///< of "fp16"
  std::string device = "auto";          ///< "auto", "cpu", "cuda"
  bool tf32 = false;                    ///< on a GPU fp32 products and convolutions keep 10 bits of the mantissa
  bool deterministic = true;            ///< equal bits at every run on a GPU, as far as LibTorch can
  std::string behaviour = "published";  ///< "published", "corrected": default of every quirk
  std::string clip = "none";            ///< "none", "global", "per_tensor"
  double clip_norm = 3;
  double ema = 0;                    ///< decay of the moving average of the encoder's weights, which is evaluated; 0: none
  std::string damaged = "error";     ///< "error", "skip": what a picture does that cannot be read while training
  int64_t damaged_limit = 100;       ///< different damaged pictures that "skip" bears
  std::string not_finite = "error";  ///< "error", "skip": what a step does whose loss or gradient is not finite
  int64_t not_finite_limit = 10;     ///< such steps that "skip" bears
  int64_t threads = 0;               ///< compute threads; 0 becomes the number of cores when the recipe is resolved
  int64_t loader_threads = 2, prefetch = 4;
  /// Of the training data, for `plan` and `check` where the data is missing; compared with it where it is not.
  int64_t images = 0, identities = 0;
  double evaluate_every = 1;      ///< epochs between evaluations; 0: only at the end
  int64_t evaluate_steps = 0;     ///< optimizer steps between evaluations, in place of epochs; 0: by epochs
  int64_t patience = 0;           ///< evaluations in a row without a better checkpoint after which the run ends; 0: it does not
  std::string best;               ///< "EVALUATOR/METRIC" that ranks checkpoints, "-" in front: smaller is better; empty: the first value
  int64_t checkpoint_every = 0;   ///< optimizer steps between checkpoints; 0: at the end of each epoch
  double checkpoint_minutes = 0;  ///< also when this time has passed since the last; 0: not by time
  int64_t keep_every = 0;         ///< every n-th of the checkpoints by steps or epochs stays; 0: only the last and the best
  int64_t log_every = 10;         ///< optimizer steps between lines of metrics.jsonl
  std::vector<Path> plugins;      ///< more folders or libraries
  std::string extends;            ///< "IDENTITY@STEP" of the training that this one goes on from with other schedules; empty: none

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

/// `[[optimizer.freeze]]`: parameters that do not move, for a while or at all.
struct FreezeOptions {
  std::vector<std::string> match;  ///< as `GroupOptions::match`
  double epochs = 0;               ///< from the start; 0: the whole run

  void declare(Params& p);
  bool operator==(const FreezeOptions&) const = default;
};

/// The keys of `[optimizer]` that every optimizer has, beside those of the plugin.
struct OptimizerOptions {
  Schedule lr = cosine(1e-3, 0), weight_decay = 0.05;
  std::string scale_rule = "none";  ///< "none", "linear_256", "lafs_sqrt"
  std::vector<GroupOptions> groups;
  std::vector<FreezeOptions> freeze;
  double layer_decay = 1;            ///< lr of block l times layer_decay^(depth - l)
  bool layer_decay_applied = false;  ///< quirk FT-01: published computes it and ignores it

  void declare(Params& p);
};

/// The keys of an `[[evaluator]]` that every evaluator has, beside those of the plugin.
struct EvaluatorEntry {
  std::string name;  ///< of its results; default the plugin's name
  bool while_training = true;
  std::string scaling = "input";  ///< of the pixels: as [input] of the recipe says, or one of its presets
  Use<Evaluator> use;

  void declare(Params& p);
  /// What the network is fed for this evaluator, where `recipe` is the recipe's contract.
  InputContract input_of(const InputContract& recipe) const;
};

/// `[[init]]`: weights put into a part of the tree before the first step.
struct InitEntry {
  std::string into;      ///< path in the tree, "" the root
  Path from;             ///< a safetensors file or a checkpoint folder; in a row also "stage:NAME"
  std::string identity;  ///< of the training that wrote `from`, or a file's hash; where known, the recipe's identity ignores the path
  std::string map;       ///< name map that turns the file's names into ours; empty: they are ours
  std::string select;    ///< prefix taken from the file, and removed, before the map
  std::vector<std::string> only, except;  ///< globs on the target's names; `floor` counts what they leave
  double floor = 1;                       ///< share of the target's tensors that must be matched
  std::vector<std::string> unused;        ///< globs on names inside `into`: what the file may have there and the network has not
  std::string position;                   ///< "recipe.toml:12:1"

  void declare(Params& p);
};

}  // namespace lafs
