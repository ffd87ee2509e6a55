#pragma once
/// Rows of numbers from JSON.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <nlohmann/json.hpp>

#include "metrics/embeddings.h"
#include "metrics/products_simd.h"

namespace lafs::test {

/// [[1, 2], [3, 4]] as two rows of two.
inline metrics::Rows rows_of(const nlohmann::json& lists) {
  metrics::Rows rows{{}, static_cast<int64_t>(lists.size()), 0};
  for (const nlohmann::json& list : lists) {
    const auto numbers = list.get<std::vector<double>>();
    rows.width = static_cast<int64_t>(numbers.size());
    rows.values.insert(rows.values.end(), numbers.begin(), numbers.end());
  }
  return rows;
}

/// The same with every row divided by its length.
inline metrics::Rows unit_rows_of(const nlohmann::json& lists) {
  metrics::Rows rows = rows_of(lists);
  metrics::normalise_rows(rows);
  return rows;
}

/// The largest difference between the product of each row with the next, the first after the last, and what is expected; infinite where
/// there are other numbers of them.
inline double products_off(const metrics::Rows& rows, const nlohmann::json& expected) {
  if (static_cast<int64_t>(expected.size()) != rows.rows) return std::numeric_limits<double>::infinity();
  double off = 0;
  for (int64_t r = 0; r < rows.rows; ++r) {
    const double ours = metrics::exact_product(rows.row(r).data(), rows.row((r + 1) % rows.rows).data(), rows.width);
    off = std::max(off, std::abs(ours - expected[static_cast<size_t>(r)].get<double>()));
  }
  return off;
}

}  // namespace lafs::test
