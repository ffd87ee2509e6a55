#include <fmt/format.h>

#include <cmath>

#include "lafs/error.h"
#include "metrics/verification.h"

namespace lafs::metrics {
namespace {

double norm(std::span<const double> row) {
  double sum = 0;
  for (const double v : row) sum += v * v;
  return std::sqrt(sum);
}

std::span<double> row_of(Rows& rows, int64_t r) {
  return std::span(rows.values).subspan(static_cast<size_t>(r * rows.width), static_cast<size_t>(rows.width));
}

}  // namespace

std::optional<int64_t> first_row_not_finite(std::span<const float> values, int64_t width) {
  for (size_t i = 0; i < values.size(); ++i)
    if (!std::isfinite(values[i])) return static_cast<int64_t>(i) / width;
  return std::nullopt;
}

Rows to_rows(std::span<const float> values, int64_t width) {
  if (width <= 0 || values.size() % static_cast<size_t>(width) != 0)
    throw Error(fmt::format("{} numbers do not fill rows of {}", values.size(), width));
  if (const auto row = first_row_not_finite(values, width)) throw Error(fmt::format("row {} of the embeddings is not finite", *row));
  return {{values.begin(), values.end()}, static_cast<int64_t>(values.size()) / width, width};
}

double mean_norm(const Rows& rows) {
  double sum = 0;
  for (int64_t r = 0; r < rows.rows; ++r) sum += norm(rows.row(r));
  return sum / static_cast<double>(rows.rows);
}

Rows flip_sum(const Rows& both) {
  if (both.width % 2 != 0) throw Error(fmt::format("rows of {} numbers are not picture and mirror", both.width));
  Rows sum{{}, both.rows, both.width / 2};
  sum.values.reserve(static_cast<size_t>(sum.rows * sum.width));
  for (int64_t r = 0; r < both.rows; ++r) {
    const auto row = both.row(r), mirror = row.subspan(static_cast<size_t>(sum.width));
    for (size_t k = 0; k < mirror.size(); ++k) sum.values.push_back(row[k] + mirror[k]);
  }
  return sum;
}

void normalise_rows(Rows& rows) {
  for (int64_t r = 0; r < rows.rows; ++r) {
    const double length = norm(rows.row(r));
    if (length == 0) continue;
    for (double& v : row_of(rows, r)) v /= length;
  }
}

std::vector<Pair> consecutive_pairs(int64_t pictures, std::span<const uint8_t> same) {
  if (pictures != 2 * static_cast<int64_t>(same.size()))
    throw Error(fmt::format("{} pictures do not make {} pairs", pictures, same.size()));
  std::vector<Pair> pairs;
  for (size_t i = 0; i < same.size(); ++i) pairs.push_back({static_cast<int64_t>(2 * i), static_cast<int64_t>(2 * i + 1), same[i] != 0});
  return pairs;
}

std::vector<double> squared_distances(const Rows& unit, std::span<const Pair> pairs) {
  std::vector<double> distances;
  distances.reserve(pairs.size());
  for (const Pair& pair : pairs) {
    const auto a = unit.row(pair.first), b = unit.row(pair.second);
    double sum = 0;
    for (size_t k = 0; k < a.size(); ++k) sum += (a[k] - b[k]) * (a[k] - b[k]);
    distances.push_back(sum);
  }
  return distances;
}

std::vector<double> correlation_distances(std::span<const float> values, int64_t width, std::span<const Pair> pairs) {
  const auto w = static_cast<size_t>(width);
  struct Centred {
    double mean = 0, scale = 0;
  };
  std::vector<Centred> rows;
  for (size_t at = 0; at + w <= values.size(); at += w) {
    const auto row = values.subspan(at, w);
    double sum = 0, squares = 0;
    for (const float v : row) sum += v;
    const double centre = sum / static_cast<double>(width);
    for (const float v : row) squares += (v - centre) * (v - centre);
    rows.push_back({centre, squares > 0 ? 1 / std::sqrt(squares) : 0});
  }
  std::vector<double> distances;
  distances.reserve(pairs.size());
  for (const Pair& pair : pairs) {
    const auto first = static_cast<size_t>(pair.first), second = static_cast<size_t>(pair.second);
    const Centred a = rows[first], b = rows[second];
    const float *p = values.data() + first * w, *q = values.data() + second * w;
    double sum = 0;
    for (size_t k = 0; k < w; ++k) {
      const double difference = (p[k] - a.mean) * a.scale - (q[k] - b.mean) * b.scale;
      sum += difference * difference;
    }
    distances.push_back(sum);
  }
  return distances;
}

std::vector<double> cosine_distances(const Rows& unit, std::span<const Pair> pairs) {
  std::vector<double> distances;
  distances.reserve(pairs.size());
  for (const Pair& pair : pairs) {
    const auto a = unit.row(pair.first), b = unit.row(pair.second);
    double dot = 0;
    for (size_t k = 0; k < a.size(); ++k) dot += a[k] * b[k];
    distances.push_back(1 - dot);
  }
  return distances;
}

}  // namespace lafs::metrics
