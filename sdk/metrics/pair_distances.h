#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "metrics/pairs.h"

namespace lafs::metrics {

/// What verification compares of embeddings: distances of unit rows, a pair each (evaluation 2.2, 2.5).
struct PairDistances {
  double mean_norm = 0;                 ///< of pictures, and of mirrors where there are some, before anything else ("XNorm")
  std::vector<double> squared, cosine;  ///< squared Euclidean distance [0, 4]; 1 - cosine, where the cosine with a zero row is 0
  std::vector<double> plain_squared;    ///< with mirrors: the squared distance without them; else empty
};

/// Rows of f32, `width` numbers of a picture, or of a picture and then its mirror where `flip` is: these are added. Sums are f64, in an
/// order that depends on `width` alone. On all cores; the result does not depend on their number. Every number must be finite.
PairDistances pair_distances(std::span<const float> values, int64_t width, bool flip, std::span<const Pair> pairs);

}  // namespace lafs::metrics
