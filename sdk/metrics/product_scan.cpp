#include "metrics/product_scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "lafs/error.h"
#include "lafs/parallel.h"
#include "metrics/products_simd.h"

namespace lafs::metrics {
namespace {

constexpr int64_t block_panels = 16;  ///< of queries, that stay in the second cache while a chunk goes by

/// Rows rounded to fp32 in panels of `side`, and what their products may be off by.
struct RoundedPanels {
  int64_t side = 0, width = 0, rows = 0;
  std::vector<float> values;
  std::vector<double> lengths;  ///< of each row

  RoundedPanels(int64_t one_side, int64_t wide, int64_t most_rows) : side(one_side), width(wide) {
    values.resize(static_cast<size_t>((most_rows + side - 1) / side * side * width));
  }

  int64_t panels() const { return (rows + side - 1) / side; }
  const float* panel(int64_t p) const { return values.data() + p * side * width; }

  /// `first_row`: what the first of these rows is called in an error.
  void fill(const double* from, int64_t first_row, int64_t count, int64_t threads) {
    rows = count;
    lengths.resize(static_cast<size_t>(rows));
    for_blocks(0, panels(), 8, threads, [&](int64_t first, int64_t past) {
      for (int64_t p = first; p < past; ++p)
        pack_rows(from + p * side * width, std::min(side, rows - p * side), width, side, values.data() + p * side * width);
      for (int64_t r = first * side; r < std::min(rows, past * side); ++r)
        lengths[static_cast<size_t>(r)] = std::sqrt(exact_product(from + r * width, from + r * width, width));
    });
    for (int64_t r = 0; r < rows; ++r)
      if (!(lengths[static_cast<size_t>(r)] < 1e15))
        throw Error(fmt::format("row {} is too long for a search in single precision", first_row + r));
  }

  double longest(int64_t p) const {
    const auto first = lengths.begin() + p * side;
    return *std::max_element(first, first + std::min(side, rows - p * side));
  }
};

/// A number of fp32 that is not above.
float not_above(double value) { return std::nextafter(static_cast<float>(value), -std::numeric_limits<float>::infinity()); }

/// One chunk against one block of queries.
class BlockScan {
 public:
  BlockScan(const RoundedPanels& queries, const RoundedPanels& bank, const Chunk& chunk, ProductSink& sink)
      : queries_(queries), bank_(bank), chunk_(chunk), sink_(sink), factor_((static_cast<double>(bank.width) + 4) * 0x1p-24 * 1.01) {}

  void scan(int64_t first_panel, int64_t past_panel) {
    first_ = first_panel * tile_rows;
    past_ = std::min(queries_.rows, past_panel * tile_rows);
    cuts_.fill(std::numeric_limits<float>::infinity());
    for (int64_t p = 0; p < bank_.panels(); ++p) {
      follow(bank_.longest(p));
      for (int64_t q = first_panel; q < past_panel; ++q) tile(q, p);
    }
    for (int64_t q = first_; q < past_; ++q) sink_.end(q, chunk_);
  }

 private:
  double error(int64_t query) const { return factor_ * queries_.lengths[static_cast<size_t>(query)] * longest_ + 1e-30; }

  /// What a product of fp32 must reach: the bound less all that rounding may have taken.
  float& cut(int64_t query) { return cuts_[static_cast<size_t>(query - first_)]; }
  void refresh(int64_t query) { cut(query) = not_above(sink_.bound(query) - error(query)); }

  /// Rows of other lengths round otherwise; those a little shorter than others before are treated like them.
  void follow(double longest) {
    if (longest <= longest_ && longest >= longest_ / 2) return;
    longest_ = longest;
    for (int64_t q = first_; q < past_; ++q) refresh(q);
  }

  void tile(int64_t query_panel, int64_t bank_panel) {
    const int64_t first = query_panel * tile_rows;
    const uint32_t reached = product_tile(queries_.panel(query_panel), bank_.panel(bank_panel), bank_.width, &cut(first), products_.data());
    for (int64_t r = 0; reached >> r != 0; ++r)
      if (reached >> r & 1) offer(first + r, products_.data() + r * bank_.side, bank_panel * bank_.side);
  }

  void offer(int64_t query, const float* products, int64_t first_row) {
    for (int64_t c = 0; c < std::min(bank_.side, bank_.rows - first_row); ++c) {
      if (!(products[c] >= cut(query))) continue;
      sink_.offer(query, first_row + c, products[c], error(query), chunk_);
      refresh(query);
    }
  }

  const RoundedPanels &queries_, &bank_;
  const Chunk& chunk_;
  ProductSink& sink_;
  double factor_, longest_ = -1;
  int64_t first_ = 0, past_ = 0;  ///< queries of the block
  std::array<float, static_cast<size_t>(block_panels* tile_rows)> cuts_;
  std::array<float, static_cast<size_t>(tile_rows* most_tile_columns)> products_;
};

}  // namespace

void scan_products(const Rows& queries, const RowSource& bank, int64_t threads, ProductSink& sink) {
  if (queries.width != bank.width())
    throw Error(fmt::format("queries of {} numbers cannot be compared with rows of {}", queries.width, bank.width()));
  const int64_t width = bank.width(), side = tile_columns();
  const int64_t chunk_rows = std::min(bank.rows(), std::max<int64_t>(side, (int64_t{32} << 20) / (8 * width)));
  RoundedPanels asked(tile_rows, width, queries.rows), rows(side, width, chunk_rows);
  asked.fill(queries.values.data(), 0, queries.rows, threads);
  std::vector<double> values(static_cast<size_t>(chunk_rows * width));
  for (int64_t first = 0; first < bank.rows(); first += chunk_rows) {
    const int64_t count = std::min(chunk_rows, bank.rows() - first);
    for_blocks(0, count, 256, threads,
               [&](int64_t begin, int64_t end) { bank.read(first + begin, end - begin, values.data() + begin * width); });
    rows.fill(values.data(), first, count, threads);
    const Chunk chunk{first, count, std::span(values).first(static_cast<size_t>(count * width))};
    for_blocks(0, asked.panels(), block_panels, threads,
               [&](int64_t begin, int64_t end) { BlockScan(asked, rows, chunk, sink).scan(begin, end); });
  }
}

}  // namespace lafs::metrics
