#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "metrics/row_source.h"

namespace lafs::metrics {

/// What one query found.
struct Retrieved {
  int64_t query = 0;             ///< row
  int64_t mates = 0;             ///< other rows of its identity, at least 1
  bool first_is_mate = false;    ///< the most similar other row is a mate, and no other row is as similar
  double average_precision = 0;  ///< mean over the mates of the share of mates among the rows up to it
};

/// Every row queries all others. `queries` in order: those with at least one mate.
struct Retrieval {
  std::vector<Retrieved> queries;
  int64_t without_mates = 0;
  double rank1 = 0, rank1_error = 0, mean_average_precision = 0, map_error = 0;  ///< means over the queries, with their standard errors
};

/// Leave-one-out retrieval: ties are broken pessimistically, others before mates. `identities` has one entry a row.
/// Ranks are those of products in fp64, whatever the number of threads. Memory: that of a scan (product_scan.h), all rows in fp64, and 32
/// bytes for each two rows of one identity. Throws Error where no row has a mate.
Retrieval leave_one_out(const Rows& unit, std::span<const int64_t> identities, int64_t threads);

}  // namespace lafs::metrics
