#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <ATen/core/Tensor.h>

#include "kernel/data/loader.h"
#include "kernel/model/assembly.h"
#include "kernel/ranks/solo_collective.h"
#include "lafs/objective.h"
#include "nn/layers/tree.h"
#include "runner/conformance/findings.h"

namespace lafs::conformance {

class LastValues final : public Reporter {
 public:
  std::map<std::string, double, std::less<>> values;
  void value(std::string_view name, double number) override { values[std::string(name)] = number; }
  void value(std::string_view name, const at::Tensor& scalar) override;
};

/// The promises of objective.h, in a tiny recipe. [main thread]
class ObjectiveSuite {
 public:
  ObjectiveSuite(const Recipe& recipe, bool batch_coupled, Findings& findings)
      : batch_coupled_(batch_coupled),
        findings_(findings),
        assembly_(recipe, RecipeAssembly::Data::open, [](const std::string&) {}),
        recipe_(recipe) {}

  void run();

 private:
  static void start(Objective& objective);
  Step step(int64_t index, const Batch* rows, int64_t micro_batch = 0, int64_t micro_batches = 1);
  at::Tensor loss_of(const Batch& batch, int64_t index = 1);
  /// Gradients of the tree after backward, in its order; forgotten there.
  nn::NamedTensors gradients();
  void encoder();
  void loss();
  void accumulation();
  /// The state of a fresh objective after the losses of step 1, in so many micro-batches, and its update.
  nn::NamedTensors updated(int64_t micro_batches, const std::function<void(Objective&)>& losses);
  /// What `after_update` applies comes from all micro-batches, not from the last.
  void accumulated_update();
  void half();
  /// What a step left that never came to its update: the next first micro-batch forgets it.
  void unfinished();
  /// A step as the loop makes it, with a small move in the optimizer's place.
  void whole_step(Objective& objective, int64_t index);
  /// Finds what after_update writes although the optimizer moves it too, such as a teacher left to require gradients.
  void trained_and_written(const torch::nn::Module& root, const nn::NamedTensors& before);
  void updates();
  /// What a checkpoint holds is all there is: a fresh objective with the state of one that was trained goes on like it.
  void continued();

  bool batch_coupled_;
  Findings& findings_;
  RecipeAssembly assembly_;
  const Recipe& recipe_;
  SoloCollective collective_;
  LastValues reporter_;
  std::shared_ptr<Objective> objective_;
  std::shared_ptr<torch::nn::Module> root_;
  std::shared_ptr<LoadedBatch> batch_;
};

}  // namespace lafs::conformance
