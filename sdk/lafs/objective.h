#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lafs/batch.h"
#include "lafs/step.h"
#include "lafs/tensor.h"

namespace lafs {

class Assembly;

/// The method. It builds every network through the assembly, registers them in its module, and that module is the root:
/// device moves, optimizer, reducer and checkpoint see this tree and nothing else. What trains has requires_grad.
class Objective {
 public:
  static constexpr std::string_view kind = "objective";
  using Factory = std::function<std::shared_ptr<Objective>(Assembly&)>;
  virtual ~Objective() = default;

  virtual std::shared_ptr<torch::nn::Module> module() = 0;
  /// Path in the tree of the backbone that evaluation uses: "backbone", "teacher.backbone".
  virtual std::string encoder() const = 0;
  virtual std::vector<std::string> required_views() const = 0;  ///< group names

  /// Scalar loss of one micro-batch. Changes no saved state but BatchNorm's: it remembers, `after_update` applies. [main thread]
  virtual Tensor loss(const Batch& batch, const Step& step) = 0;
  /// Once per optimizer step: gradients are summed, clipped and may be dropped here.
  virtual void before_update(const Step&) {}
  /// Once per optimizer step, also when a scaler skipped the update: EMA, centre, queues, counters.
  virtual void after_update(const Step&) {}
  /// Once, after parameters have their initial or loaded values and before the first step: a teacher copies its student here.
  virtual void start() {}
};

}  // namespace lafs
