#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "metrics/embeddings.h"

namespace lafs::metrics {

/// Dot products of pairs of unit rows, in the order of the pairs: rows first[i] and second[i]. Only the pairs that are asked for are
/// computed, ordered so that rows stay in the cache; the result does not depend on that order or on `threads`.
///
///     const auto scores = row_scores(unit, pairs.first, pairs.second, hardware_threads());  // 15.7 million pairs of IJB-C: half a second
std::vector<double> row_scores(const Rows& unit, std::span<const uint32_t> first, std::span<const uint32_t> second, int64_t threads);

}  // namespace lafs::metrics
