#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include "kernel/data/loader.h"
#include "kernel/model/assembly.h"
#include "kernel/model/load.h"
#include "kernel/ranks/place.h"
#include "kernel/recipe/recipe.h"
#include "kernel/train/averaged_encoder.h"
#include "kernel/train/freezes.h"
#include "kernel/train/grad_scaler.h"
#include "kernel/train/groups.h"
#include "lafs/backbone.h"

namespace lafs {

class PartClock;

/// The recipe's learning rate with its peak as the scale rule makes it.
Schedule learning_rate(const OptimizerOptions& options, const RunOptions& run);

/// A sentence for the screen; `kept`: one that the objective said, which goes to metrics.jsonl too.
struct StepNote {
  std::string text;
  bool kept = false;
};

/// What one optimizer step gave.
struct StepOutcome {
  double loss = 0;           ///< mean over micro-batches, undivided; not a number where the step was left out
  double gradient_norm = 0;  ///< of all gradients together, before clipping; not finite where the update was skipped
  double lr = 0, weight_decay = 0;
  std::vector<std::pair<std::string, double>> values;  ///< what the objective reported, mean over micro-batches;
                                                       ///< and "gradient_norm/PART" before clipping, see part_of; in
                                                       ///< fp16 "loss_scale" of the step, and "skipped_steps" of the run
  /// Where the time went: "load", "forward", "backward", "clip", "optimizer", "hooks". On a GPU work that nothing waits for
  /// counts where it is waited for: forward ends with the loss, clip with the norm.
  std::vector<std::pair<std::string, double>> seconds;
  std::vector<StepNote> notes;
  std::string left_out;  ///< why the step changed nothing, with `[run] not_finite = "skip"`; empty: it did
};

/// A loss or gradient that is not finite.
class NotFinite : public Error {
 public:
  using Error::Error;
  std::vector<double> losses;  ///< of the step's micro-batches before that
};

/// No scale of the loss keeps the gradient of an fp16 run finite.
class NoScaleIsLeft : public NotFinite {
 public:
  using NotFinite::NotFinite;
};

/// Objective, optimizer and the order of a step (contract 3): loss, backward, unscale, clip, before_update, optimizer, after_update.
/// Knows nothing of students, views or landmarks. [main thread]
class Trainer {
 public:
  using NextBatch = std::function<std::shared_ptr<LoadedBatch>()>;

  /// Builds the objective and moves it to the device; parameters are not initialised yet. `recipe` must outlive the trainer.
  /// Throws Error for a place in a run of several processes: gradients are not averaged over them yet.
  Trainer(const Recipe& recipe, RecipeAssembly& assembly, at::Device device, const Place& place = {});

  /// First values of every parameter from the run's seed, then `[[init]]`, then the objective's start. `note` hears what was loaded.
  void initialise(const std::function<void(const std::string&)>& note);

  /// weights.json of a run folder: what `initialise` did with each tensor, see init_record.h. Nothing is written if there is nothing to
  /// tell.
  void write_init_record(const std::filesystem::path& folder) const;

  /// A step takes `[run] accumulate` batches, also one that is left out. Throws NotFinite, with the state of before the step but for a
  /// NoScaleIsLeft.
  /// `lr`: in place of what the schedule says.
  StepOutcome step(const Timeline& time, const NextBatch& next_batch, std::optional<double> lr = {});

  torch::nn::Module& root() { return *root_; }  ///< the objective's tree
  /// The tree as checkpoints hold it: with `[run] ema` the average of the encoder is a part of it from then on.
  torch::nn::Module& state();
  Objective& objective() { return *objective_; }
  Optimizer& optimizer() { return *optimizer_; }
  /// Of a run in fp16; null of others.
  GradScaler* scaler() { return scaler_ ? &*scaler_ : nullptr; }
  /// The backbone that evaluation uses, and where it is in `state()`.
  std::shared_ptr<Backbone> encoder();
  std::string encoder_path() const;
  const std::vector<std::shared_ptr<RunGroup>>& groups() const { return groups_; }
  Schedule lr() const { return lr_; }
  Schedule weight_decay() const { return recipe_.optimizer_options.weight_decay; }

 private:
  void update(const Timeline& time, const NextBatch& next_batch, StepOutcome& outcome);
  std::shared_ptr<Backbone> trained_encoder() const;
  void clear_gradients();
  double micro_step(const Timeline& time, int64_t micro, const std::shared_ptr<LoadedBatch>& batch, PartClock& clock);
  /// Unscales, measures and clips. False where the update must be skipped: a gradient overflowed under the scale.
  bool treat_gradients(const Timeline& time, StepOutcome& outcome);
  void end_scaled_step(const Timeline& time, bool finite, StepOutcome& outcome);

  const Recipe& recipe_;
  at::Device device_;
  std::shared_ptr<Objective> objective_;
  std::shared_ptr<torch::nn::Module> root_;
  std::vector<std::shared_ptr<RunGroup>> groups_;
  std::vector<std::vector<size_t>> parts_;  ///< of every parameter of every group, in part_names_
  std::vector<std::string> part_names_;
  std::shared_ptr<Optimizer> optimizer_;
  std::optional<GradScaler> scaler_;
  Freezes freezes_;
  std::optional<AveragedEncoder> average_;
  Schedule lr_;
  std::shared_ptr<Collective> collective_;
  std::vector<InitOutcome> loaded_;
  std::vector<double> losses_;  ///< of this step's micro-batches
  struct Values;
  std::shared_ptr<Values> values_;
};

}  // namespace lafs
