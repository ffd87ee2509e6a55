#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "kernel/results/named_metrics.h"
#include "metrics/bootstrap.h"

namespace lafs {

/// Thresholds of one evaluator's pairs.
struct EvaluatorThresholds {
  std::string evaluator;
  std::vector<double> targets;                    ///< false accept rates
  std::vector<metrics::FarThreshold> thresholds;  ///< one a target
  std::vector<std::string> printed;  ///< of each threshold: as few digits as give the same decisions on these pairs, four at least
  int64_t people = 0;                ///< that were resampled; 0: the pairs themselves were
  std::string model;                 ///< absolute path of the checkpoint or the file that they belong to; empty: not known
};

/// So many impostor pairs that a hundred of them decide at the smallest of these false accept rates: 3,000 at least, 990,000 at
/// most.
int64_t impostors_for(const std::vector<double>& targets);

/// Throws Error for comparisons of one kind alone, or none.
EvaluatorThresholds thresholds_of(const std::string& evaluator, const Comparisons& comparisons, const std::vector<double>& targets,
                                  const metrics::Resampling& how);

/// A sentence a target, and warnings where fewer than ten impostor pairs decide, and where there are fewer than `metrics::fewest_people`.
std::string thresholds_text(const std::vector<EvaluatorThresholds>& all);
/// The same as JSON; a threshold is the number that is printed, or null where no score is strict enough.
nlohmann::json thresholds_json(const std::vector<EvaluatorThresholds>& all);

}  // namespace lafs
