#include "metrics/retrieval.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <unordered_map>

#include "lafs/error.h"
#include "lafs/parallel.h"
#include "metrics/product_scan.h"
#include "metrics/products_simd.h"

namespace lafs::metrics {
namespace {

/// The mates of one query, and how many others are at least as similar as each but less than the one before.
struct Mates {
  std::vector<double> similarity;  ///< descending
  std::vector<int64_t> others;
};

/// Counts others between the mates.
class MateSink final : public ProductSink {
 public:
  MateSink(const Rows& unit, std::span<const int64_t> identities)
      : mates(static_cast<size_t>(unit.rows)), unit_(unit), identities_(identities) {}

  void find_mates(int64_t threads) {
    std::unordered_map<int64_t, std::vector<int64_t>> rows_of;
    for (int64_t r = 0; r < unit_.rows; ++r) rows_of[identity(r)].push_back(r);
    for_blocks(0, unit_.rows, 64, threads, [&](int64_t first, int64_t past) {
      for (int64_t q = first; q < past; ++q) compare(q, rows_of.at(identity(q)));
    });
  }

  double bound(int64_t query) const override {
    const auto& similarity = mates[static_cast<size_t>(query)].similarity;
    return similarity.empty() ? std::numeric_limits<double>::infinity() : similarity.back();
  }

  void offer(int64_t query, int64_t row, double product, double error, const Chunk& chunk) override {
    if (identity(query) == identity(chunk.first + row)) return;
    Mates& own = mates[static_cast<size_t>(query)];
    const auto place = [&](double similarity) {
      return std::lower_bound(own.similarity.begin(), own.similarity.end(), similarity, std::greater<>()) - own.similarity.begin();
    };
    auto at = place(product - error);
    // Between two mates whatever the rounding, or at a place that only the exact product tells.
    if (at != place(product + error))
      at = place(exact_product(unit_.row(query).data(), chunk.rows.data() + row * unit_.width, unit_.width));
    if (at < static_cast<std::ptrdiff_t>(own.others.size())) ++own.others[static_cast<size_t>(at)];
  }

  void end(int64_t, const Chunk&) override {}

  std::vector<Mates> mates;

 private:
  int64_t identity(int64_t row) const { return identities_[static_cast<size_t>(row)]; }

  void compare(int64_t query, const std::vector<int64_t>& rows) {
    Mates& own = mates[static_cast<size_t>(query)];
    for (const int64_t mate : rows)
      if (mate != query) own.similarity.push_back(exact_product(unit_.row(query).data(), unit_.row(mate).data(), unit_.width));
    std::sort(own.similarity.begin(), own.similarity.end(), std::greater<>());
    own.others.resize(own.similarity.size());
  }

  const Rows& unit_;
  std::span<const int64_t> identities_;
};

Retrieved retrieved(int64_t query, const Mates& mates) {
  Retrieved out{query, static_cast<int64_t>(mates.others.size()), mates.others[0] == 0, 0};
  int64_t others = 0, found = 0;
  for (const int64_t before : mates.others) {
    others += before;
    ++found;
    out.average_precision += static_cast<double>(found) / static_cast<double>(found + others);
  }
  out.average_precision /= static_cast<double>(found);
  return out;
}

}  // namespace

Retrieval leave_one_out(const Rows& unit, std::span<const int64_t> identities, int64_t threads) {
  if (unit.rows != static_cast<int64_t>(identities.size()))
    throw Error(fmt::format("there are {} identities for {} rows", identities.size(), unit.rows));
  MateSink sink(unit, identities);
  sink.find_mates(threads);
  scan_products(unit, PlainRows(unit), threads, sink);
  Retrieval out;
  for (int64_t q = 0; q < unit.rows; ++q)
    if (!sink.mates[static_cast<size_t>(q)].similarity.empty()) out.queries.push_back(retrieved(q, sink.mates[static_cast<size_t>(q)]));
  if (out.queries.empty()) throw Error("no picture has another of its identity");
  out.without_mates = unit.rows - static_cast<int64_t>(out.queries.size());
  const auto n = static_cast<double>(out.queries.size());
  double first = 0, precision = 0, squares = 0;
  for (const Retrieved& one : out.queries) {
    first += one.first_is_mate ? 1 : 0;
    precision += one.average_precision;
  }
  out.rank1 = first / n;
  out.mean_average_precision = precision / n;
  for (const Retrieved& one : out.queries) squares += std::pow(one.average_precision - out.mean_average_precision, 2);
  out.rank1_error = std::sqrt(out.rank1 * (1 - out.rank1) / n);
  out.map_error = std::sqrt(squares) / n;
  return out;
}

}  // namespace lafs::metrics
