#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace lafs::metrics {

/// Sorts finite or infinite numbers, largest first, in parallel; none may be NaN. Takes as much memory again. Numbers that lie in a narrow
/// part of their range take longer.
void sort_descending(std::vector<double>& values, int64_t threads);

/// Scores of both kinds, largest first: all that a curve needs, whatever the pairs.
struct SortedScores {
  std::vector<double> genuine, impostors;
};

/// Throws Error for a NaN score, unequal lengths, or when one of the two kinds is missing.
void check_scores(std::span<const double> scores, std::span<const uint8_t> genuine);
/// Throws as check_scores.
SortedScores sorted_scores(std::span<const double> scores, std::span<const uint8_t> genuine, int64_t threads);

}  // namespace lafs::metrics
