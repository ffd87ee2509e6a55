#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "metrics/nearest.h"

namespace lafs::metrics {

/// The vote of one query's neighbours (Wu et al. 2018; DINO's eval_knn.py): a neighbour gives its class exp(similarity / temperature).
/// Where that is beyond the numbers of f64, all votes of the query are divided by the largest one.
struct Vote {
  std::vector<double> votes;     ///< of each class
  std::vector<int64_t> ranking;  ///< classes, the largest vote first; equal votes: the lower class first
};

/// `labels` has the class of each row of the bank, in [0, classes).
Vote weighted_vote(std::span<const Neighbour> neighbours, std::span<const int64_t> labels, int64_t classes, double temperature);

/// Of each query, the place of its true class in the ranking of `weighted_vote`, from 0, with the first `k` neighbours: top-n is the share
/// of queries with a place below n. Throws Error for a label outside [0, classes).
std::vector<int64_t> places_of_truth(const NearestRows& found, int64_t k, std::span<const int64_t> bank_labels,
                                     std::span<const int64_t> query_labels, int64_t classes, double temperature);

}  // namespace lafs::metrics
