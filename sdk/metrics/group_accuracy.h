#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "metrics/verification.h"

namespace lafs::metrics {

/// Accuracy of each group of pairs under a protocol of its own: folds and thresholds within the group (RFW, Wang et al. 2019).
struct GroupAccuracy {
  std::vector<FoldAccuracy> groups;
  double mean = 0;         ///< over the groups
  double std = 0;          ///< over the groups, divisor n - 1, as tables of RFW give it; 0 for one group
  double error_ratio = 0;  ///< largest error rate of a group divided by the smallest, 1 for equal ones; NaN where the smallest is 0
};

/// The pairs of one group.
struct GroupPairs {
  std::string name;
  std::vector<double> distances;
  std::vector<uint8_t> same;
};

/// Throws Error naming the group whose pairs do not fill the folds.
GroupAccuracy accuracy_by_group(std::span<const GroupPairs> groups, int64_t folds);

}  // namespace lafs::metrics
