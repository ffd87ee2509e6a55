#include "metrics/embeddings.h"

#include <fmt/format.h>

#include <cmath>

#include "lafs/error.h"

namespace lafs::metrics {
namespace {

double norm(std::span<const double> row) {
  double sum = 0;
  for (const double v : row) sum += v * v;
  return std::sqrt(sum);
}

/// One distance for each pair, in their order.
template <typename Distance>
std::vector<double> over_pairs(std::span<const Pair> pairs, const Distance& distance) {
  std::vector<double> distances;
  distances.reserve(pairs.size());
  for (const Pair& pair : pairs) distances.push_back(distance(pair.first, pair.second));
  return distances;
}

/// What brings a row to mean 0 and length 1: (value - mean) * scale. A constant row has scale 0.
struct Centred {
  double mean = 0, scale = 0;
};

std::vector<Centred> centred(std::span<const float> values, int64_t width) {
  const auto w = static_cast<size_t>(width);
  std::vector<Centred> rows;
  for (size_t at = 0; at + w <= values.size(); at += w) {
    const auto row = values.subspan(at, w);
    double sum = 0, squares = 0;
    for (const float v : row) sum += v;
    const double mean = sum / static_cast<double>(width);
    for (const float v : row) squares += (v - mean) * (v - mean);
    rows.push_back({mean, squares > 0 ? 1 / std::sqrt(squares) : 0});
  }
  return rows;
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

std::vector<double> squared_distances(const Rows& unit, std::span<const Pair> pairs) {
  return over_pairs(pairs, [&](int64_t first, int64_t second) {
    const auto a = unit.row(first), b = unit.row(second);
    double sum = 0;
    for (size_t k = 0; k < a.size(); ++k) sum += (a[k] - b[k]) * (a[k] - b[k]);
    return sum;
  });
}

std::vector<double> correlation_distances(std::span<const float> values, int64_t width, std::span<const Pair> pairs) {
  const std::vector<Centred> rows = centred(values, width);
  const auto w = static_cast<size_t>(width);
  return over_pairs(pairs, [&](int64_t first, int64_t second) {
    const Centred a = rows[static_cast<size_t>(first)], b = rows[static_cast<size_t>(second)];
    const float *p = values.data() + first * width, *q = values.data() + second * width;
    double sum = 0;
    for (size_t k = 0; k < w; ++k) {
      const double difference = (p[k] - a.mean) * a.scale - (q[k] - b.mean) * b.scale;
      sum += difference * difference;
    }
    return sum;
  });
}

std::vector<double> cosine_distances(const Rows& unit, std::span<const Pair> pairs) {
  return over_pairs(pairs, [&](int64_t first, int64_t second) {
    const auto a = unit.row(first), b = unit.row(second);
    double dot = 0;
    for (size_t k = 0; k < a.size(); ++k) dot += a[k] * b[k];
    return 1 - dot;
  });
}

}  // namespace lafs::metrics
