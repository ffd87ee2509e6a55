#pragma once
#include <optional>
#include <string>
#include <vector>

#include "kernel/ledger/checkpoint_state.h"
#include "kernel/recipe/options.h"
#include "kernel/results/named_metrics.h"

namespace lafs {

/// The number that ranks a checkpoint, larger is better. `best` is `[run] best`: "EVALUATOR/METRIC" takes that metric, with a "-" in front
/// its negative; empty takes the first value of the first evaluator in the results. Nothing where that evaluator was not run, or has no
/// value. Throws Error naming the metrics for one that the evaluator does not have.
std::optional<double> ranking_of(const std::string& best, const std::vector<NamedMetrics>& results);

/// Whether these results make the checkpoint of `position` the best one; notes there what follows. Throws Error as ranking_of does.
bool rank_checkpoint(const RunOptions& run, const std::vector<NamedMetrics>& results, RunPosition& position);

/// Where `[run] patience` evaluations in a row gave no better checkpoint, ends the run early, and says so; else empty. `steps` are those of
/// the whole run.
std::string end_of_patience(const RunOptions& run, int64_t steps, RunPosition& position);

/// "lfw accuracy 99.50 % ± 0.12": the first value of each evaluator that has one.
std::vector<std::string> first_values(const std::vector<NamedMetrics>& results);

}  // namespace lafs
