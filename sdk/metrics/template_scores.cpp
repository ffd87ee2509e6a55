#include "metrics/template_scores.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "lafs/error.h"
#include "lafs/parallel.h"
#include "metrics/template_simd.h"

namespace lafs::metrics {
namespace {

constexpr size_t band_bytes = size_t{1} << 18;  // first rows whose pairs are scored together: half of a second-level cache
constexpr int64_t chunk_rows = 256;             // second rows whose pairs are put in order together
constexpr int64_t pairs_a_part = int64_t{1} << 18;

using Places = std::vector<uint32_t>;  ///< pairs by their place in the list

/// Pairs by their first row: those of row r are [begin[r], begin[r + 1]) of `places`, or of the list itself where that is in order.
struct ByFirst {
  std::vector<size_t> begin;
  Places places;
  uint32_t at(size_t i) const { return places.empty() ? static_cast<uint32_t>(i) : places[i]; }
};

ByFirst by_first(std::span<const uint32_t> first, int64_t rows) {
  ByFirst out;
  out.begin.assign(static_cast<size_t>(rows) + 1, 0);
  bool ordered = true;
  for (size_t i = 0; i < first.size(); ++i) {
    ++out.begin[first[i] + 1];
    ordered = ordered && (i == 0 || first[i - 1] <= first[i]);
  }
  std::partial_sum(out.begin.begin(), out.begin.end(), out.begin.begin());
  if (ordered) return out;
  out.places.resize(first.size());
  std::vector<size_t> at = out.begin;
  for (size_t i = 0; i < first.size(); ++i) out.places[at[first[i]]++] = static_cast<uint32_t>(i);
  return out;
}

/// A copy of rows that starts on a cache line, a line apart from the next: vectors that lie across two lines take twice the time.
class AlignedRows {
 public:
  AlignedRows(int64_t rows, int64_t width) : stride_((width + 15) / 8 * 8), values_(static_cast<size_t>(rows * stride_ + 8)) {
    const auto address = reinterpret_cast<uintptr_t>(values_.data());
    start_ = values_.data() + (64 - address % 64) % 64 / sizeof(double);
  }
  double* row(int64_t r) { return start_ + r * stride_; }
  void put(int64_t r, std::span<const double> values) { std::copy(values.begin(), values.end(), row(r)); }

 private:
  int64_t stride_;
  std::vector<double> values_;
  double* start_;
};

/// A pair of one first row: its second row, and its place in the list.
struct Asked {
  uint32_t row, place;
};

/// Sorts by second row. Lists are often in order, or a few ordered pieces one after the other.
void sort_asked(std::vector<Asked>& asked) {
  const auto before = [](const Asked& a, const Asked& b) { return a.row < b.row; };
  int64_t runs = 0;
  for (auto at = asked.begin(); at != asked.end() && runs <= 8; ++runs) {
    const auto end = std::is_sorted_until(at, asked.end(), before);
    if (at != asked.begin()) std::inplace_merge(asked.begin(), at, end, before);
    at = end;
  }
  if (runs > 8) std::stable_sort(asked.begin(), asked.end(), before);
}

/// The pairs of some first rows, which stay in the cache; each second row is read once for all of them.
class Band {
 public:
  Band(const Rows& unit, const ByFirst& order, std::span<const uint32_t> second, int64_t first, int64_t past)
      : unit_(unit),
        asked_(static_cast<size_t>(past - first)),
        next_(asked_.size()),
        until_(asked_.size()),
        band_(past - first, unit.width),
        other_(1, unit.width) {
    for (size_t a = 0; a < asked_.size(); ++a) {
      const size_t row = static_cast<size_t>(first) + a;
      asked_[a].reserve(order.begin[row + 1] - order.begin[row]);
      for (size_t i = order.begin[row]; i < order.begin[row + 1]; ++i) asked_[a].push_back({second[order.at(i)], order.at(i)});
      sort_asked(asked_[a]);
      band_.put(static_cast<int64_t>(a), unit.row(static_cast<int64_t>(row)));
    }
  }

  void score(std::vector<double>& scores) {
    for (int64_t begin = 0; begin < unit_.rows; begin += chunk_rows) {
      const int64_t rows = std::min(chunk_rows, unit_.rows - begin);
      sort_tile(static_cast<uint32_t>(begin), static_cast<uint32_t>(rows));
      for (int64_t r = 0; r < rows; ++r) score_row(begin + r, ends_[static_cast<size_t>(r)], ends_[static_cast<size_t>(r) + 1], scores);
    }
  }

 private:
  /// Pairs with these second rows, by second row: those of row r become [ends_[r], ends_[r + 1]) of `tile_`.
  void sort_tile(uint32_t begin, uint32_t rows) {
    ends_.assign(rows + 2, 0);
    for (size_t a = 0; a < asked_.size(); ++a)
      for (until_[a] = next_[a]; until_[a] < asked_[a].size() && asked_[a][until_[a]].row - begin < rows; ++until_[a])
        ++ends_[asked_[a][until_[a]].row - begin + 2];
    std::partial_sum(ends_.begin(), ends_.end(), ends_.begin());
    tile_.resize(ends_.back());
    rows_.resize(ends_.back());
    for (size_t a = 0; a < asked_.size(); ++a)
      for (; next_[a] < until_[a]; ++next_[a]) {
        const size_t to = ends_[asked_[a][next_[a]].row - begin + 1]++;
        tile_[to] = asked_[a][next_[a]].place;
        rows_[to] = band_.row(static_cast<int64_t>(a));
      }
  }

  void score_row(int64_t row, size_t begin, size_t end, std::vector<double>& scores) {
    if (begin == end) return;
    other_.put(0, unit_.row(row));
    dots_.resize(end - begin);
    dot_rows(rows_.data() + begin, std::ssize(dots_), other_.row(0), unit_.width, dots_.data());
    for (size_t i = begin; i < end; ++i) scores[tile_[i]] = dots_[i - begin];
  }

  const Rows& unit_;
  std::vector<std::vector<Asked>> asked_;  ///< of each first row, by second row
  std::vector<size_t> next_, until_;       ///< of these, the first that is not scored, and the end of the tile
  AlignedRows band_, other_;
  std::vector<size_t> ends_;
  Places tile_;
  std::vector<const double*> rows_;  ///< the first row of each pair of the tile
  std::vector<double> dots_;
};

void check_rows(const Rows& unit, std::span<const uint32_t> rows, int64_t threads) {
  for_blocks(0, std::ssize(rows), pairs_a_part, threads, [&](int64_t begin, int64_t end) {
    const auto part = rows.subspan(static_cast<size_t>(begin), static_cast<size_t>(end - begin));
    const auto most = *std::max_element(part.begin(), part.end());
    if (most >= unit.rows) throw Error(fmt::format("a pair names row {} of {}", most, unit.rows));
  });
}

}  // namespace

std::vector<double> row_scores(const Rows& unit, std::span<const uint32_t> first, std::span<const uint32_t> second, int64_t threads) {
  if (first.size() != second.size()) throw Error(fmt::format("{} first rows have {} second ones", first.size(), second.size()));
  if (first.size() > UINT32_MAX) throw Error(fmt::format("{} pairs are more than 4,294,967,295", first.size()));
  check_rows(unit, first, threads);
  check_rows(unit, second, threads);
  const ByFirst order = by_first(first, unit.rows);
  std::vector<double> scores(first.size());
  const auto row_bytes = static_cast<size_t>(std::max<int64_t>(unit.width, 1)) * sizeof(double);
  const auto band_rows = static_cast<int64_t>(std::max<size_t>(4, band_bytes / row_bytes));
  for_blocks(0, unit.rows, band_rows, threads, [&](int64_t begin, int64_t end) {
    if (order.begin[static_cast<size_t>(begin)] == order.begin[static_cast<size_t>(end)]) return;
    Band(unit, order, second, begin, end).score(scores);
  });
  return scores;
}

}  // namespace lafs::metrics
