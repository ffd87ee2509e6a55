#pragma once
#include <string>

namespace lafs {

/// What `[run] best` names: "dev/accuracy", "dev/pixels/auc", or "-dev/eer" where smaller is better.
struct BestMetric {
  std::string evaluator, metric;
  bool smaller_is_better = false;
};

/// Without a slash the metric is empty.
inline BestMetric best_metric_of(std::string text) {
  BestMetric out;
  out.smaller_is_better = text.starts_with('-');
  if (out.smaller_is_better) text.erase(0, 1);
  const size_t slash = text.find('/');
  out.evaluator = text.substr(0, slash);
  if (slash != std::string::npos) out.metric = text.substr(slash + 1);
  return out;
}

}  // namespace lafs
