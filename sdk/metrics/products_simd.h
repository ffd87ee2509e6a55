#pragma once
#include <cstdint>

namespace lafs::metrics {

/// Products of many rows with many rows in fp32, a tile of 6 by `tile_columns` at a time, and exact ones in fp64, for the best vector unit
/// of this machine. A product is added up from the first component to the last, so it depends on its two rows alone. [any thread]
///
///     pack_rows(queries, 6, width, 6, packed_queries);                          // 6 rows or fewer
///     pack_rows(bank, tile_columns(), width, tile_columns(), packed_bank);
///     const uint32_t rows = product_tile(packed_queries, packed_bank, width, bounds, products);
inline constexpr int64_t tile_rows = 6;

/// Columns of a tile: two vectors of this machine. At most 128.
int64_t tile_columns();
inline constexpr int64_t most_tile_columns = 128;

/// Rounds `count` rows of `width` numbers to fp32 and lays them out for a tile: number k of row r is at `to[k * side + r]`. Rows from
/// `count` to `side` become zero.
void pack_rows(const double* rows, int64_t count, int64_t width, int64_t side, float* to);

/// `products[r * tile_columns() + c]` is row r by column c. They are written only if one reaches `bounds[r]` (>=). Returns which rows have
/// such a product: bit r.
uint32_t product_tile(const float* rows, const float* columns, int64_t width, const float* bounds, float* products);

/// The product of two rows in fp64.
double exact_product(const double* a, const double* b, int64_t width);

/// The squared Euclidean distance of two rows in fp64.
double exact_distance(const double* a, const double* b, int64_t width);

/// to <- to + factor row, in fp64.
void add_scaled(const double* row, double factor, int64_t width, double* to);

}  // namespace lafs::metrics
