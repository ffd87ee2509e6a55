#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lafs {

class Params;
struct Rule;
struct Step;

/// Where an optimizer step lies in a run: all a schedule may look at.
struct Timeline {
  int64_t index = 0;            ///< optimizer steps done before this one
  int64_t epoch = 0;            ///< that its first micro-batch belongs to
  int64_t total = 1;            ///< optimizer steps of the whole run, which schedules count on
  int64_t steps = 1;            ///< optimizer steps until the run ends: total, or fewer where it is cut short
  int64_t steps_per_epoch = 1;  ///< optimizer steps of an epoch
  double epochs = 1;            ///< of the whole run; the last may be cut short
  int64_t images = 0;           ///< N, images of an epoch before the tail is dropped
  int64_t step_images = 0;      ///< A*B*R, images of an optimizer step
  double epochs_done = 0;       ///< before this step
};

// clang-format off
/// A hyper-parameter that may change while training. In a recipe a number, or a table
/// `{ shape = "cosine", from = 0.1, to = 0, warmup_epochs = 5 }`. The shapes, by the value at optimizer step s:
///
/// - `constant`: `from`
/// - `cosine`: W = warmup_epochs * steps_per_epoch values from `warmup_from` to `from`, both ends included, then a half cosine from `from`
///   towards `to`, which is not reached (pretraining.md 7.3, quirk P20)
/// - `two_sided_cosine`: the same, but `from` occurs once and the last step has `to` (P20 corrected)
/// - `epoch_linear`: epoch e < warmup_epochs: step e of a line from `warmup_from` to `from`, both ends included; then `from`. Constant
///   within an epoch
/// - `finetune`: `from`*s/W for s <= W, then `to` + (`from`-`to`)/2 (1 + cos(pi (s-W-1)/T)); W = Ew*N div (A*B*R), T = (E-Ew)*N div
///   (A*B*R) (finetuning.md 9, quirk FT-02)
/// - `finetune_corrected`: `from`*(s+1)/W for s < W, then a cosine that ends on `to` in the last step (FT-02 corrected, FT-36)
/// - `polynomial`: the warm-up of `two_sided_cosine`, then `to` + (`from`-`to`)(1-x)^power, where x goes from 0 to 1 in the last step
/// - `multi_step`: the same warm-up, then `from` * factor^n once n of the `milestones`, in epochs, are behind
/// - `one_cycle`: a half cosine from `warmup_from` to `from` in the share `peak_at` of the run, then one from `from` to `to`, which the last
///   step has; the learning rate of torch.optim.lr_scheduler.OneCycleLR, whose peak may lie between two steps
// clang-format on
struct Schedule {
  std::string shape = "constant";
  double from = 0, to = 0;
  double warmup_epochs = 0;
  double warmup_from = 0;
  double power = 1;                  ///< of "polynomial"
  std::vector<double> milestones{};  ///< of "multi_step": rising numbers of epochs
  double factor = 0.1;               ///< of "multi_step"
  double peak_at = 0.3;              ///< of "one_cycle"

  Schedule() = default;
  Schedule(double value) : from(value), to(value) {}  // a number is the constant schedule

  double at(const Timeline& time) const;
  double operator()(const Step& step) const;
  /// The keys of a schedule's table. `values` limits `from` and `to`, and says whether `from` is required; `doc` is what they are
  /// values of. A number in place of the table is the reader's matter.
  void declare(Params& p, const Rule& values, std::string_view doc);
  /// Whether a key of the table belongs to the shape; each shape has its own.
  bool takes(std::string_view key) const;
  bool operator==(const Schedule&) const = default;
};

/// The names that `shape` may have, in the order of the list above.
const std::vector<std::string>& schedule_shapes();

Schedule cosine(double from, double to, double warmup_epochs = 0);

/// The peak learning rate of a run of `accumulate` micro-batches of `batch` images over all ranks:
/// "none": lr; "linear_256": lr * accumulate * batch / 256 (pretraining.md 7.3);
/// "lafs_sqrt": lr * (accumulate / 480) * 336 * sqrt(batch / 336) (finetuning.md 9). Only `from` of a Schedule is scaled.
double scaled_lr(const std::string& rule, double lr, int64_t batch, int64_t accumulate);

}  // namespace lafs
