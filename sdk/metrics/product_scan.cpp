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
struct Panels {
  int64_t side = 0, width = 0, rows = 0;
  std::vector<float> values;
  std::vector<double> lengths;  ///< of each row

  Panels(int64_t one_side, int64_t wide, int64_t most_rows) : side(one_side), width(wide) {
    values.resize(static_cast<size_t>((most_rows + side - 1) / side * side * width));
  }

  int64_t panels() const { return (rows + side - 1) / side; }
  const float* panel(int64_t p) const { return values.data() + p * side * width; }

  void fill(const double* from, int64_t count, int64_t threads) {
    rows = count;
    lengths.resize(static_cast<size_t>(rows));
    for_blocks(0, panels(), 8, threads, [&](int64_t first, int64_t past) {
      for (int64_t p = first; p < past; ++p)
        pack_rows(from + p * side * width, std::min(side, rows - p * side), width, side, values.data() + p * side * width);
      for (int64_t r = first * side; r < std::min(rows, past * side); ++r)
        lengths[static_cast<size_t>(r)] = std::sqrt(exact_product(from + r * width, from + r * width, width));
    });
    for (int64_t r = 0; r < rows; ++r)
      if (!(lengths[static_cast<size_t>(r)] < 1e15)) throw Error(fmt::format("row {} is too long for a search in single precision", r));
  }

  double longest(int64_t p) const {
    const auto first = lengths.begin() + p * side;
    return *std::max_element(first, first + std::min(side, rows - p * side));
  }
};

/// A number of fp32 that is not above.
float not_above(double value) { return std::nextafter(static_cast<float>(value), -std::numeric_limits<float>::infinity()); }

/// One chunk against one block of queries.
class Block {
 public:
  Block(const Panels& queries, const Panels& bank, const Chunk& chunk, ProductSink& sink)
      : queries_(queries), bank_(bank), chunk_(chunk), sink_(sink), factor_((static_cast<double>(bank.width) + 4) * 0x1p-24 * 1.01) {}

  void scan(int64_t first_panel, int64_t past_panel) {
    for (int64_t p = 0; p < bank_.panels(); ++p) {
      longest_ = bank_.longest(p);
      for (int64_t q = first_panel; q < past_panel; ++q) tile(q, p);
    }
    for (int64_t q = first_panel * tile_rows; q < std::min(queries_.rows, past_panel * tile_rows); ++q) sink_.end(q, chunk_);
  }

 private:
  double error(int64_t query) const { return factor_ * queries_.lengths[static_cast<size_t>(query)] * longest_ + 1e-30; }

  void tile(int64_t query_panel, int64_t bank_panel) {
    const int64_t first = query_panel * tile_rows, rows = std::min(tile_rows, queries_.rows - first);
    std::array<float, tile_rows> bounds;
    bounds.fill(std::numeric_limits<float>::infinity());
    for (int64_t r = 0; r < rows; ++r) bounds[static_cast<size_t>(r)] = not_above(sink_.bound(first + r) - error(first + r));
    const uint32_t reached =
        product_tile(queries_.panel(query_panel), bank_.panel(bank_panel), bank_.width, bounds.data(), products_.data());
    for (int64_t r = 0; r < rows; ++r)
      if (reached >> r & 1) offer(first + r, products_.data() + r * bank_.side, bank_panel * bank_.side);
  }

  void offer(int64_t query, const float* products, int64_t first_row) {
    const double off = error(query);
    for (int64_t c = 0; c < std::min(bank_.side, bank_.rows - first_row); ++c)
      if (products[c] >= not_above(sink_.bound(query) - off)) sink_.offer(query, first_row + c, products[c], off, chunk_);
  }

  const Panels &queries_, &bank_;
  const Chunk& chunk_;
  ProductSink& sink_;
  double factor_, longest_ = 0;
  std::array<float, static_cast<size_t>(tile_rows* most_tile_columns)> products_;
};

}  // namespace

void scan_products(const Rows& queries, const RowSource& bank, int64_t threads, ProductSink& sink) {
  if (queries.width != bank.width())
    throw Error(fmt::format("queries of {} numbers cannot be compared with rows of {}", queries.width, bank.width()));
  const int64_t width = bank.width(), side = tile_columns();
  const int64_t chunk_rows = std::min(bank.rows(), std::max<int64_t>(side, (int64_t{32} << 20) / (8 * width)));
  Panels asked(tile_rows, width, queries.rows), rows(side, width, chunk_rows);
  asked.fill(queries.values.data(), queries.rows, threads);
  std::vector<double> values(static_cast<size_t>(chunk_rows * width));
  for (int64_t first = 0; first < bank.rows(); first += chunk_rows) {
    const int64_t count = std::min(chunk_rows, bank.rows() - first);
    for_blocks(0, count, 256, threads,
               [&](int64_t begin, int64_t end) { bank.read(first + begin, end - begin, values.data() + begin * width); });
    rows.fill(values.data(), count, threads);
    const Chunk chunk{first, count, std::span(values).first(static_cast<size_t>(count * width))};
    for_blocks(0, asked.panels(), block_panels, threads,
               [&](int64_t begin, int64_t end) { Block(asked, rows, chunk, sink).scan(begin, end); });
  }
}

}  // namespace lafs::metrics
