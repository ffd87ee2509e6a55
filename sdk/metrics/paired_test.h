#pragma once
#include <cstdint>
#include <span>

#include "metrics/bootstrap.h"

namespace lafs::metrics {

/// Two-sided exact test of McNemar: how likely a split at least as uneven is when both models are equally good. `only_first` pairs were
/// right with the first model alone, `only_second` with the second alone; no such pair gives 1.
double mcnemar_exact(int64_t only_first, int64_t only_second);

/// Two models on the same pairs, as 1 for a pair that a model decides rightly.
struct PairedDifference {
  int64_t only_first = 0, only_second = 0;  ///< pairs that one model alone gets right
  double difference = 0;                    ///< accuracy of the first less that of the second
  Interval interval;                        ///< of the difference, people resampled
  double p = 1;                             ///< of McNemar's test
  /// Whether the interval leaves out 0 and p is below 0.05: both, for the test takes pairs for independent, and people recur.
  bool is_real() const { return p < 0.05 && (interval.low > 0 || interval.high < 0); }
};
/// Throws Error for unequal lengths.
PairedDifference paired_difference(std::span<const uint8_t> first, std::span<const uint8_t> second, const People& people,
                                   const Resampling& how);

}  // namespace lafs::metrics
