#include "kernel/data/same_picture.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "kernel/data/picture_print.h"

namespace lafs {

namespace {

constexpr int64_t side = 96, small_side = 48;

/// Details of a picture, [side, side].
using Details = std::vector<float>;

/// Gaussian weights up to three deviations, sum 1.
std::vector<float> gaussian(double deviation) {
  const auto reach = static_cast<int64_t>(3 * deviation);
  std::vector<float> weights;
  double sum = 0;
  for (int64_t i = -reach; i <= reach; ++i) {
    const double x = static_cast<double>(i) / deviation;
    sum += weights.emplace_back(static_cast<float>(std::exp(-0.5 * x * x)));
  }
  for (float& weight : weights) weight /= static_cast<float>(sum);
  return weights;
}

/// Along the rows, edges repeated; the result lies on its side, so that the second call ends upright.
Details blurred_and_turned(const Details& cells, const std::vector<float>& weights) {
  const auto reach = static_cast<int64_t>(weights.size() / 2);
  Details out(cells.size());
  std::vector<float> line(static_cast<size_t>(side + 2 * reach));
  for (int64_t y = 0; y < side; ++y) {
    const float* row = cells.data() + y * side;
    for (int64_t x = 0; x < side + 2 * reach; ++x) line[static_cast<size_t>(x)] = row[std::clamp<int64_t>(x - reach, 0, side - 1)];
    std::array<float, side> sums{};
    for (size_t i = 0; i < weights.size(); ++i) {
      const float weight = weights[i], *from = line.data() + i;
      for (size_t x = 0; x < side; ++x) sums[x] += weight * from[x];
    }
    for (size_t x = 0; x < side; ++x) out[x * side + static_cast<size_t>(y)] = sums[x];
  }
  return out;
}

Details details_of(const Image& image) {
  static const std::vector<float> weights = gaussian(6);
  Details cells = brightness_cells(image, side);
  const Details slow = blurred_and_turned(blurred_and_turned(cells, weights), weights);
  for (size_t i = 0; i < cells.size(); ++i) cells[i] -= slow[i];
  return cells;
}

/// A square part as [small_side, small_side] of mean 0 and length 1; empty where nothing is in it.
std::vector<float> part(const Details& details, double left, double top, double wide) {
  constexpr float least_deviation = 1;  // levels
  std::array<int64_t, small_side> xs{}, ys{};
  std::array<float, small_side> fx{}, fy{};
  for (size_t i = 0; i < small_side; ++i) {
    const double at = (static_cast<double>(i) + 0.5) * wide / small_side - 0.5;
    const double x = std::clamp(left + at, 0.0, side - 1.001), y = std::clamp(top + at, 0.0, side - 1.001);
    xs[i] = static_cast<int64_t>(x), ys[i] = static_cast<int64_t>(y);
    fx[i] = static_cast<float>(x - static_cast<double>(xs[i])), fy[i] = static_cast<float>(y - static_cast<double>(ys[i]));
  }
  std::vector<float> out(small_side * small_side);
  double sum = 0, squares = 0;
  for (size_t y = 0; y < small_side; ++y) {
    const float *upper = details.data() + ys[y] * side, *lower = upper + side;
    for (size_t x = 0; x < small_side; ++x) {
      const float above = upper[xs[x]] + fx[x] * (upper[xs[x] + 1] - upper[xs[x]]);
      const float below = lower[xs[x]] + fx[x] * (lower[xs[x] + 1] - lower[xs[x]]);
      const float value = above + fy[y] * (below - above);
      out[y * small_side + x] = value;
      sum += value;
      squares += value * value;
    }
  }
  const double mean = sum / static_cast<double>(out.size()), deviation = squares / static_cast<double>(out.size()) - mean * mean;
  if (deviation < least_deviation * least_deviation) return {};
  const double scale = 1 / std::sqrt(deviation * static_cast<double>(out.size()));
  for (float& value : out) value = static_cast<float>((value - mean) * scale);
  return out;
}

double product(const std::vector<float>& a, const std::vector<float>& b) {
  float sum = 0;
  for (size_t i = 0; i < a.size() && i < b.size(); ++i) sum += a[i] * b[i];
  return a.empty() || b.empty() ? -1 : sum;
}

/// The whole of one beside parts of the other.
double best_part(const std::vector<float>& whole, const Details& other) {
  double best = -1;
  for (const double share : {0.97, 0.94, 0.91, 0.88}) {
    const double wide = share * side, rest = side - wide;
    for (const double x : {0.0, 0.5, 1.0}) {
      for (const double y : {0.0, 0.5, 1.0}) best = std::max(best, product(whole, part(other, x * rest, y * rest, wide)));
    }
  }
  return best;
}

}  // namespace

double photograph_agreement(const Image& a, const Image& b) {
  constexpr double plainly_the_same = 0.97;
  const Details of_a = details_of(a), of_b = details_of(b);
  const std::vector<float> whole_a = part(of_a, 0, 0, side), whole_b = part(of_b, 0, 0, side);
  const double whole = product(whole_a, whole_b);
  if (whole >= plainly_the_same || whole_a.empty() || whole_b.empty()) return std::min(whole, 1.0);
  return std::min(1.0, std::max({whole, best_part(whole_a, of_b), best_part(whole_b, of_a)}));
}

}  // namespace lafs
