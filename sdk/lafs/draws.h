#pragma once
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "lafs/tensor.h"

namespace lafs {

/// Chance inside networks and objectives. Bound to an ordered list of rows, a row being (position in the epoch, view);
/// a value is keyed by (run seed, scope, stream, step, micro-batch, row), never by batch row, rank or order of calls.
/// The same stream asked twice in one scope gives the same numbers: name each use. Tensors come on the run's device, float32. [main thread]
class Draws : public std::enable_shared_from_this<Draws> {
 public:
  using Shape = std::vector<int64_t>;
  virtual ~Draws() = default;

  virtual int64_t rows() const = 0;                                                               ///< R
  virtual Tensor uniform(std::string_view stream, const Shape& shape) const = 0;                  ///< [R, shape...] in [0, 1)
  virtual Tensor normal(std::string_view stream, const Shape& shape) const = 0;                   ///< [R, shape...] of N(0, 1)
  virtual Tensor integers(std::string_view stream, int64_t below, const Shape& shape) const = 0;  ///< [R, shape...] int64 in [0, below)
  virtual Tensor permutations(std::string_view stream, int64_t size) const = 0;  ///< [R, size] int64, each row a permutation
  /// [R, shape...]: 1/keep with probability `keep`, else 0. Dropout takes the shape of a row, drop-path {1, 1}.
  virtual Tensor keep_mask(std::string_view stream, double keep, const Shape& shape) const = 0;
  /// [R] keys from which a kernel makes `keep_mask` itself: element e of a row with key k is kept when 16 bits of philox(k, e / 8), those
  /// of word (e / 2) % 4 from bit 16 (e % 2) on, are below round(65536 keep). Empty: there are no keys, ask `keep_mask`.
  virtual std::vector<uint64_t> row_keys(std::string_view) const { return {}; }

  /// A 64-bit key of the whole micro-batch, for one `Rng` on the host (the mixup decision): rows and rank do not enter.
  virtual uint64_t batch_key(std::string_view stream) const = 0;

  /// The same numbers' family under one more name: two networks, two layers.
  virtual std::shared_ptr<const Draws> scope(std::string_view name) const = 0;
  /// Rows for `count` views of each of these rows, view-major: row v*R + r is (row r, view first + v). View 0 of a row is the row itself.
  /// Not to be asked of rows that are views already: different views would share their chance.
  virtual std::shared_ptr<const Draws> views(int64_t count, int64_t first = 0) const = 0;
};

/// Draws that offer the numbers of a micro-batch as a whole, as recorded ones do; of others they are made from `batch_key`.
class BatchUniforms {
 public:
  virtual ~BatchUniforms() = default;
  virtual Tensor batch_uniform(std::string_view stream, int64_t count) const = 0;  ///< [count] float32 in [0, 1), on the CPU
};

}  // namespace lafs
