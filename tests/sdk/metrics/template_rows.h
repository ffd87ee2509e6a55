#pragma once
/// Rows by chance, and the arithmetic of templates written out.
#include <cmath>
#include <cstdint>
#include <vector>

#include "lafs/rng.h"
#include "metrics/embeddings.h"

namespace lafs::test {

inline metrics::Rows random_rows(Rng& rng, int64_t rows, int64_t width) {
  metrics::Rows out{{}, rows, width};
  for (int64_t i = 0; i < rows * width; ++i) out.values.push_back(rng.normal());
  return out;
}

inline metrics::Rows random_units(Rng& rng, int64_t rows, int64_t width) {
  metrics::Rows out = random_rows(rng, rows, width);
  metrics::normalise_rows(out);
  return out;
}

inline double plain_dot(const metrics::Rows& a, int64_t i, const metrics::Rows& b, int64_t j) {
  double sum = 0;
  for (int64_t k = 0; k < a.width; ++k) sum += a.row(i)[static_cast<size_t>(k)] * b.row(j)[static_cast<size_t>(k)];
  return sum;
}

}  // namespace lafs::test
