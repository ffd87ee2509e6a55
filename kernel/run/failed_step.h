#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <c10/core/Device.h>
#include <nlohmann/json_fwd.hpp>

#include "kernel/data/epochs.h"
#include "kernel/model/assembly.h"
#include "kernel/train/first_not_finite.h"
#include "lafs/data_source.h"

namespace lafs {

class Trainer;

/// One micro-batch that a step was fed.
struct FedBatch {
  int64_t micro = 0;  ///< number in the run
  std::vector<int64_t> indices;
  std::vector<std::string> keys;
  std::string digest;  ///< of the bits of all views, as the networks saw them

  bool operator==(const FedBatch&) const = default;
};

/// A step whose loss or gradient is not finite.
struct FailedStep {
  int64_t step = 0;
  std::string what;  ///< the error
  NotFiniteSource first;
  std::vector<FedBatch> fed;   ///< up to the micro-batch that failed, or all
  std::vector<double> losses;  ///< of the micro-batches before the one that failed

  bool operator==(const FailedStep&) const = default;
};

/// Runs step number `step` with the trainer's present state, and looks at every number on the way. Nothing where it comes out finite; then
/// the trainer has taken the step. [main thread]
std::optional<FailedStep> examine_step(int64_t step, const Recipe& recipe, const Epochs& epochs, Trainer& trainer,
                                       std::shared_ptr<const DataSource> source, RecipeAssembly& assembly, at::Device device);

nlohmann::json failed_step_json(const FailedStep& failed);
/// What failed_step_json wrote. Throws Error.
FailedStep failed_step_of(const nlohmann::json& json);

}  // namespace lafs
