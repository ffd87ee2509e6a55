#pragma once
#include <cstdint>
#include <span>

#include "metrics/row_source.h"

namespace lafs::metrics {

/// Consecutive rows of a bank that are in memory now.
struct Chunk {
  int64_t first = 0, count = 0;
  std::span<const double> rows;  ///< [count,width]
};

/// What a scan hands to: each query has a state of its own. Queries are worked on by several threads, each query by one at a time.
class ProductSink {
 public:
  virtual ~ProductSink() = default;
  /// Products below this do not matter to the query any more.
  virtual double bound(int64_t query) const = 0;
  /// Row `row` of the chunk may reach the bound: its exact product is within `error` of `product`.
  virtual void offer(int64_t query, int64_t row, double product, double error, const Chunk& chunk) = 0;
  /// Every row of the chunk was looked at.
  virtual void end(int64_t query, const Chunk& chunk) = 0;
};

/// Multiplies each query with each row of the bank in fp32, a tile at a time, and offers to `sink` the products that may reach the bound of
/// their query: all of these, for the rounding of fp32 is bounded rigorously (Higham 2002, eq. 3.5: (width + 4) 2^-24 |q| |b|). What is
/// offered more than that depends on nothing but the rows and the sink.
/// Memory: about 48 MB of the bank at a time, and 4 bytes a number of the queries. Chunks come in the order of the bank.
void scan_products(const Rows& queries, const RowSource& bank, int64_t threads, ProductSink& sink);

}  // namespace lafs::metrics
