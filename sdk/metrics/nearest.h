#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "metrics/row_source.h"

namespace lafs::metrics {

struct Neighbour {
  int64_t row = 0;        ///< of the bank
  double similarity = 0;  ///< product of the two rows in fp64
  bool operator==(const Neighbour&) const = default;
};

/// The most similar rows of a bank for each query, best first; equal similarities in the order of the bank.
struct NearestRows {
  int64_t k = 0;  ///< neighbours of each query
  std::vector<Neighbour> neighbours;
  std::span<const Neighbour> of(int64_t query) const {
    return std::span(neighbours).subspan(static_cast<size_t>(query * k), static_cast<size_t>(k));
  }
};

/// Finds the `k` rows with the largest products, all of the bank where it has fewer. Products of fp32 choose the candidates
/// (product_scan.h) and those of fp64 decide, so the result is that of fp64 throughout, whatever the number of threads. Memory: that of a
/// scan, and about 32 bytes a neighbour; the bank may be larger than memory. Throws Error for a bank without rows, k < 1, and rows of
/// different widths.
///
///     const NearestRows found = nearest_rows(queries, UnitRows(bank.values, bank.width, false), 20, hardware_threads());
NearestRows nearest_rows(const Rows& queries, const RowSource& bank, int64_t k, int64_t threads);

}  // namespace lafs::metrics
