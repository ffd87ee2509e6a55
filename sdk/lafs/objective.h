#pragma once
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lafs/batch.h"
#include "lafs/step.h"
#include "lafs/tensor.h"

namespace lafs {

class Assembly;

/// Views an objective needs: a group of the layout with so many views. A group of which it needs none may be missing. Views that it would
/// not look at cost as much as others, so it says that it takes no more.
struct ViewNeed {
  std::string group;
  int64_t at_least = 1;
  bool landmarks = false;                                 ///< each view with its landmarks
  int64_t at_most = std::numeric_limits<int64_t>::max();  ///< {"local", 0, false, 0}: no local views
};

/// The method. It builds every network through the assembly, registers them in its module, and that module is the root:
/// device moves, optimizer, reducer and checkpoint see this tree and nothing else. What trains has requires_grad.
///
/// The trainer makes one and calls, all on the main thread: `start` once in a fresh run; then in each optimizer step `loss` for each
/// micro-batch, with a backward pass behind it; it clips the gradients; `before_update`; the optimizer; `after_update`.
///
///     class Identify final : public torch::nn::Module, public lafs::Objective {
///      public:
///       Identify(const Options&, lafs::Assembly& assembly) : backbone_(assembly.backbone()) {
///         register_module("backbone", backbone_->module());
///         classes_ = register_module("classes", std::make_shared<lafs::nn::Linear>(backbone_->embed_dim(), assembly.identities()));
///       }
///       std::shared_ptr<torch::nn::Module> module() override { return shared_from_this(); }
///       std::string encoder() const override { return "backbone"; }
///       std::vector<lafs::ViewNeed> required_views() const override { return {{"image", 1, false}}; }
///       at::Tensor loss(const lafs::Batch& batch, const lafs::Step& step) override {
///         const at::Tensor embedding = backbone_->forward(batch.views("image")[0], step.pass().scope("backbone"));  // [B,D]
///         return at::cross_entropy_loss(classes_->forward(embedding), batch.labels());
///       }
class Objective {
 public:
  static constexpr std::string_view kind = "objective";
  using Factory = std::function<std::shared_ptr<Objective>(Assembly&)>;
  virtual ~Objective() = default;

  virtual std::shared_ptr<torch::nn::Module> module() = 0;  ///< this very object
  /// Path in the tree of the backbone that evaluation uses; it came from `Assembly::backbone()`: "backbone", "teacher.backbone".
  virtual std::string encoder() const = 0;
  virtual std::vector<ViewNeed> required_views() const = 0;  ///< compared with the augmentation's layout before the first step

  /// Scalar: the mean over this rank's rows; gradients are averaged over ranks. Runs under the autocast of `[run] precision`.
  /// Changes no saved state but BatchNorm's: it remembers, `after_update` applies. A first micro-batch (`step.micro_batch` 0)
  /// forgets what an unfinished step left. Autocast keeps the half-precision copy of a weight from its first use in a loss: a network that
  /// is to be trained must not run first without gradients, or its weights get none. [main thread]
  virtual Tensor loss(const Batch& batch, const Step& step) = 0;
  /// Once per optimizer step, without autograd: gradients are summed, clipped and may be dropped here.
  virtual void before_update(const Step&) {}
  /// Once per optimizer step, without autograd, also when a scaler skipped the update: EMA, centre, queues, counters. It writes nothing
  /// that requires a gradient: that is the optimizer's.
  virtual void after_update(const Step&) {}
  /// Of a fresh run only, never of a continued one, without autograd: once parameters have their initial or loaded values and before
  /// the first step. A teacher copies its student here; lists of tensors belong into the constructor.
  virtual void start() {}
};

}  // namespace lafs
