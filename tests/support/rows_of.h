#pragma once
/// Rows of numbers from JSON.
#include <vector>

#include <nlohmann/json.hpp>

#include "metrics/embeddings.h"

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

}  // namespace lafs::test
