#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "metrics/row_source.h"

namespace lafs::metrics {

/// MegaFace's challenge 1 in our own computation: each probe with each other picture of its person as the only mate among the distractors.
struct DistractorRank {
  int64_t comparisons = 0;         ///< probe and mate
  int64_t right = 0;               ///< the mate is strictly closer to the probe than every distractor
  std::vector<int64_t> nearest;    ///< distractor of each probe
  std::vector<double> distance;    ///< squared, of that distractor
  std::vector<double> per_person;  ///< share of right comparisons of each person with two pictures or more, in order of second picture
};

/// Squared Euclidean distances in fp64 of the rows as they are, whatever the number of threads; memory as in product_scan.h.
/// Throws Error where no person has two probes, and for distractors without rows.
DistractorRank distractor_rank(const Rows& probes, std::span<const int64_t> people, const RowSource& distractors, int64_t threads);

}  // namespace lafs::metrics
