#include "metrics/row_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "lafs/error.h"
#include "lafs/parallel.h"

namespace lafs::metrics {

void PlainRows::read(int64_t first, int64_t count, double* to) const {
  const double* from = rows_.values.data() + first * rows_.width;
  std::copy_n(from, count * rows_.width, to);
  for (int64_t i = 0; i < count * rows_.width; ++i)
    if (!std::isfinite(from[i])) throw Error(fmt::format("row {} of the features is not finite", first + i / rows_.width));
}

UnitRows::UnitRows(int64_t rows, int64_t stored_width, bool mirrors, Read read)
    : rows_(rows), stored_width_(stored_width), mirrors_(mirrors), read_(std::move(read)) {
  if (stored_width < 1) throw Error(fmt::format("rows of {} numbers are not embeddings", stored_width));
  if (mirrors && stored_width % 2 != 0) throw Error(fmt::format("rows of {} numbers are not picture and mirror", stored_width));
}

UnitRows::UnitRows(std::span<const float> values, int64_t stored_width, bool mirrors)
    : UnitRows(static_cast<int64_t>(values.size()) / std::max<int64_t>(stored_width, 1), stored_width, mirrors,
               [values, stored_width](int64_t first, int64_t count, float* to) {
                 std::copy_n(values.data() + first * stored_width, count * stored_width, to);
               }) {
  if (values.size() % static_cast<size_t>(stored_width) != 0)
    throw Error(fmt::format("{} numbers do not fill rows of {}", values.size(), stored_width));
  if (const auto row = first_row_not_finite(values, stored_width)) throw Error(fmt::format("row {} of the embeddings is not finite", *row));
}

void UnitRows::read(int64_t first, int64_t count, double* to) const {
  const auto wide = static_cast<size_t>(width()), stored = static_cast<size_t>(stored_width_);
  std::vector<float> block(static_cast<size_t>(count) * stored);
  read_(first, count, block.data());
  for (int64_t r = 0; r < count; ++r, to += wide) {
    const std::span<const float> from = std::span(block).subspan(static_cast<size_t>(r) * stored, stored);
    double squares = 0;
    for (size_t k = 0; k < wide; ++k) {
      to[k] = mirrors_ ? static_cast<double>(from[k]) + static_cast<double>(from[wide + k]) : static_cast<double>(from[k]);
      squares += to[k] * to[k];
    }
    if (!std::isfinite(squares)) throw Error(fmt::format("row {} of the embeddings is not finite", first + r));
    const double length = std::sqrt(squares);
    for (size_t k = 0; length > 0 && k < wide; ++k) to[k] /= length;
  }
}

JoinedRows::JoinedRows(const RowSource& first, const RowSource& second) : first_(first), second_(second) {
  if (first.width() != second.width())
    throw Error(fmt::format("rows of {} and of {} numbers cannot be joined", first.width(), second.width()));
}

void JoinedRows::read(int64_t first, int64_t count, double* to) const {
  const int64_t of_first = std::clamp<int64_t>(first_.rows() - first, 0, count);
  if (of_first > 0) first_.read(first, of_first, to);
  if (of_first < count) second_.read(first + of_first - first_.rows(), count - of_first, to + of_first * width());
}

Rows all_rows(const RowSource& source, int64_t threads) {
  Rows all{std::vector<double>(static_cast<size_t>(source.rows() * source.width())), source.rows(), source.width()};
  for_blocks(0, all.rows, 256, threads,
             [&](int64_t first, int64_t past) { source.read(first, past - first, all.values.data() + first * all.width); });
  return all;
}

}  // namespace lafs::metrics
