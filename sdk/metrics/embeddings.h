#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "metrics/pairs.h"

namespace lafs::metrics {

/// Row-major rows of f64.
struct Rows {
  std::vector<double> values;
  int64_t rows = 0, width = 0;
  std::span<const double> row(int64_t r) const {
    return std::span(values).subspan(static_cast<size_t>(r * width), static_cast<size_t>(width));
  }
};

/// The first row with a NaN or an infinity.
std::optional<int64_t> first_row_not_finite(std::span<const float> values, int64_t width);

/// Widens to f64. Throws Error naming the first row that is not finite.
Rows to_rows(std::span<const float> values, int64_t width);

/// Mean Euclidean norm of the rows (evaluation 2.2, item 2). Give picture and mirror as rows of one matrix.
double mean_norm(const Rows& rows);

/// Rows of 2D, picture then mirror, to their sum of D: the flip test.
Rows flip_sum(const Rows& both);

/// Divides each row by its norm; a zero row stays zero.
void normalise_rows(Rows& rows);

/// Squared Euclidean distance of unit rows, [0, 4], a pair each; equals 2 - 2 cos.
std::vector<double> squared_distances(const Rows& unit, std::span<const Pair> pairs);
/// Squared Euclidean distance of rows of f32 after their mean is taken off and their length made one: 2 - 2 times the correlation.
/// A constant row becomes zero. Widens no more than a row at a time: pictures of a whole set fit.
std::vector<double> correlation_distances(std::span<const float> values, int64_t width, std::span<const Pair> pairs);
/// 1 - cos of unit rows, [0, 2], a pair each (evaluation 2.5).
std::vector<double> cosine_distances(const Rows& unit, std::span<const Pair> pairs);

}  // namespace lafs::metrics
