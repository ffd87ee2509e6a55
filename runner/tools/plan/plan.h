#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "kernel/recipe/row.h"

namespace lafs {

struct PlanOptions {
  int64_t probe_steps = 3;   ///< training steps to time for each stage; 0: neither timed nor estimated
  double probe_seconds = 3;  ///< what the probes of all stages may take together; a stage whose steps do not fit is estimated
};

/// Parameters, steps, schedules, memory and time of the stage of that name, or with an empty name of all, as `lafs plan --json` prints
/// them. `each` gets every stage's plan as soon as it is known. Throws Error for a stage that cannot be built. [main thread]
nlohmann::json plan_stages(const Row& row, const std::string& stage, const PlanOptions& options,
                           const std::function<void(const nlohmann::json&)>& each);

/// The plan of a stage as a person reads it.
std::string plan_text(const nlohmann::json& plan);

}  // namespace lafs
