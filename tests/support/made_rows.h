#pragma once
/// Rows by chance for tests of searches, and the plain answers that a search must give.
#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

#include "lafs/rng.h"
#include "metrics/embeddings.h"

namespace lafs::test {

/// Unit rows by chance.
inline metrics::Rows unit_rows(int64_t count, int64_t width, uint64_t key) {
  metrics::Rows rows{{}, count, width};
  Rng rng(key);
  for (int64_t i = 0; i < count * width; ++i) rows.values.push_back(rng.normal());
  metrics::normalise_rows(rows);
  return rows;
}

inline double plain_product(const metrics::Rows& a, int64_t i, const metrics::Rows& b, int64_t j) {
  const auto x = a.row(i), y = b.row(j);
  return std::inner_product(x.begin(), x.end(), y.begin(), 0.0);
}

/// Rows of `bank` for a query, the most similar first; equal ones in their order.
inline std::vector<int64_t> plain_order(const metrics::Rows& queries, int64_t query, const metrics::Rows& bank) {
  std::vector<int64_t> order(static_cast<size_t>(bank.rows));
  std::iota(order.begin(), order.end(), 0);
  std::vector<double> products;
  for (const int64_t row : order) products.push_back(plain_product(queries, query, bank, row));
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t a, int64_t b) { return products[static_cast<size_t>(a)] > products[static_cast<size_t>(b)]; });
  return order;
}

}  // namespace lafs::test
