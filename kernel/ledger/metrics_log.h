#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kernel/results/named_metrics.h"

namespace lafs {

/// One line of metrics.jsonl, of the optimizer step `step` (steps done before it).
struct StepRecord {
  int64_t step = 0, epoch = 0;
  double loss = 0, lr = 0, weight_decay = 0, gradient_norm = 0, images_per_second = 0;
  std::vector<std::pair<std::string, double>> values;  ///< the objective's own, by name
};

/// What is wrong with metrics.jsonl of a run that is continued, as after a copy or a crash of the machine; empty: nothing. A MetricsLog
/// repairs it. Throws Error for one that cannot be read.
std::string metrics_fault(const std::filesystem::path& folder);

/// metrics.jsonl of a run folder: a JSON object a line. A number that is not finite is null.
/// [main thread]
class MetricsLog {
 public:
  /// Goes on in `folder`, which is made when absent: records of step >= `resume_step`, evaluations after more steps than that (with
  /// `evaluation_due` after so many, too), and a damaged end are dropped first, atomically. Throws Error for
  /// a damaged line with whole ones behind it.
  MetricsLog(const std::filesystem::path& folder, int64_t resume_step, bool evaluation_due = false);
  ~MetricsLog();
  MetricsLog(const MetricsLog&) = delete;
  MetricsLog& operator=(const MetricsLog&) = delete;

  void step(const StepRecord& record);
  /// What the objective said at a step, a line {"step":..,"note":".."}. Returns the sentence with its step, for people.
  std::string note(int64_t step, const std::string& text);
  /// A line for each evaluator: {"step":..,"evaluation":"lfw","accuracy":..,"accuracy_error":..}.
  void evaluation(int64_t step, const std::vector<NamedMetrics>& results);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lafs
