#include "metrics/pair_distances.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

#include "lafs/parallel.h"

namespace lafs::metrics {
namespace {

/// Partial sums that are added side by side: one after the other they would wait for each other.
constexpr size_t lanes = 8;
using Lanes = std::array<double, lanes>;

/// The sum of `term(k)` for k below `count`.
template <typename Term>
double summed(size_t count, const Term& term) {
  Lanes sums{};
  size_t k = 0;
  for (; k + lanes <= count; k += lanes)
    for (size_t l = 0; l < lanes; ++l) sums[l] += term(k + l);
  for (; k < count; ++k) sums[k % lanes] += term(k);
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

/// Lengths of a picture's row, of its mirror's, and of their sum.
struct Lengths {
  double picture = 0, mirror = 0, sum = 0;
};

Lengths lengths_of(const float* row, size_t width, bool flip) {
  Lengths out;
  out.picture = std::sqrt(summed(width, [&](size_t k) { return double{row[k]} * row[k]; }));
  out.sum = out.picture;
  if (!flip) return out;
  const float* mirror = row + width;
  out.mirror = std::sqrt(summed(width, [&](size_t k) { return double{mirror[k]} * mirror[k]; }));
  out.sum = std::sqrt(summed(width, [&](size_t k) {
    const double v = double{row[k]} + mirror[k];
    return v * v;
  }));
  return out;
}

/// |a - b|^2 = 2 - 2 cos of unit rows; a zero row stays zero and has distance 1 to a unit row, 0 to another.
double squared_distance(double dot, double length_a, double length_b) {
  if (length_a == 0 || length_b == 0) return length_a == length_b ? 0 : 1;
  return std::max(0.0, 2 - 2 * dot / (length_a * length_b));  // rounding may leave less than nothing between equal rows
}

/// Rows of 2i and 2i + 1 make pair i, as in a verification set.
bool are_consecutive(std::span<const Pair> pairs, int64_t rows) {
  for (size_t i = 0; i < pairs.size(); ++i)
    if (pairs[i].first != static_cast<int64_t>(2 * i) || pairs[i].second != static_cast<int64_t>(2 * i + 1)) return false;
  return rows == static_cast<int64_t>(2 * pairs.size());
}

/// The rows of one call, and what comes out.
struct Work {
  std::span<const float> values;
  size_t width;
  bool flip;
  std::span<const Pair> pairs;
  std::vector<Lengths> lengths;  ///< of each row
  PairDistances out;

  const float* row(int64_t r) const { return values.data() + static_cast<size_t>(r) * (flip ? 2 * width : width); }
  void measure(int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) lengths[static_cast<size_t>(r)] = lengths_of(row(r), width, flip);
  }
  void compare(size_t p) {
    const Lengths &one = lengths[static_cast<size_t>(pairs[p].first)], &two = lengths[static_cast<size_t>(pairs[p].second)];
    const float *a = row(pairs[p].first), *b = row(pairs[p].second), *mirror_a = a + width, *mirror_b = b + width;
    const double plain = summed(width, [&](size_t k) { return double{a[k]} * b[k]; });
    double dot = plain;
    if (flip) {
      out.plain_squared[p] = squared_distance(plain, one.picture, two.picture);
      dot = summed(width, [&](size_t k) { return (double{a[k]} + mirror_a[k]) * (double{b[k]} + mirror_b[k]); });
    }
    out.squared[p] = squared_distance(dot, one.sum, two.sum);
    out.cosine[p] = one.sum == 0 || two.sum == 0 ? 1 : out.squared[p] / 2;
  }
};

}  // namespace

PairDistances pair_distances(std::span<const float> values, int64_t width, bool flip, std::span<const Pair> pairs) {
  const auto count = static_cast<int64_t>(pairs.size()), threads = hardware_threads();
  const auto rows = static_cast<int64_t>(values.size()) / (flip ? 2 * width : width);
  Work work{values, static_cast<size_t>(width), flip, pairs, std::vector<Lengths>(static_cast<size_t>(rows)), {}};
  work.out.squared.resize(pairs.size());
  work.out.cosine.resize(pairs.size());
  work.out.plain_squared.resize(flip ? pairs.size() : 0);
  // Rows of which each is in one pair are compared while the cache holds them.
  const bool consecutive = are_consecutive(pairs, rows);
  if (!consecutive) for_blocks(0, rows, 256, threads, [&](int64_t begin, int64_t end) { work.measure(begin, end); });
  for_blocks(0, count, 32, threads, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      if (consecutive) work.measure(2 * i, 2 * i + 2);
      work.compare(static_cast<size_t>(i));
    }
  });
  for (const Lengths& of : work.lengths) work.out.mean_norm += of.picture + of.mirror;
  work.out.mean_norm /= static_cast<double>(flip ? 2 * rows : rows);
  return std::move(work.out);
}

}  // namespace lafs::metrics
