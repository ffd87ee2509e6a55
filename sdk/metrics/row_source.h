#pragma once
#include <cstdint>
#include <functional>
#include <span>

#include "metrics/embeddings.h"

namespace lafs::metrics {

/// Rows of fp64 that are read in blocks, from memory or from a disk: a search never holds all of them.
class RowSource {
 public:
  virtual ~RowSource() = default;
  virtual int64_t rows() const = 0;
  virtual int64_t width() const = 0;
  /// Fills `to` with [count,width] from row `first` on. Throws Error for a row that is not finite, or cannot be read. [any thread]
  virtual void read(int64_t first, int64_t count, double* to) const = 0;
};

/// Rows as they are.
class PlainRows final : public RowSource {
 public:
  explicit PlainRows(const Rows& rows) : rows_(rows) {}  ///< `rows` must outlive this object
  int64_t rows() const override { return rows_.rows; }
  int64_t width() const override { return rows_.width; }
  void read(int64_t first, int64_t count, double* to) const override;

 private:
  const Rows& rows_;
};

/// Embeddings in fp32 as unit rows: widened, picture and mirror added where rows hold both, divided by their length; a zero row stays zero.
///
///     UnitRows bank(rows, 512, false, [&](int64_t first, int64_t count, float* to) {
///       file.read(header + first * 2048, {reinterpret_cast<uint8_t*>(to), size_t(count) * 2048});
///     });
class UnitRows final : public RowSource {
 public:
  using Read = std::function<void(int64_t first, int64_t count, float* to)>;  ///< [count, stored width] from `first` on [any thread]

  /// `stored_width` numbers a row, twice the width where `mirrors` says that they are picture then mirror. Throws Error for an odd one.
  UnitRows(int64_t rows, int64_t stored_width, bool mirrors, Read read);
  /// Of a matrix that outlives this object. Throws Error naming the first row that is not finite.
  UnitRows(std::span<const float> values, int64_t stored_width, bool mirrors);

  int64_t rows() const override { return rows_; }
  int64_t width() const override { return mirrors_ ? stored_width_ / 2 : stored_width_; }
  void read(int64_t first, int64_t count, double* to) const override;

 private:
  int64_t rows_, stored_width_;
  bool mirrors_;
  Read read_;
};

/// The rows of one source, then those of another. Both must outlive this object. Throws Error for different widths.
class JoinedRows final : public RowSource {
 public:
  JoinedRows(const RowSource& first, const RowSource& second);
  int64_t rows() const override { return first_.rows() + second_.rows(); }
  int64_t width() const override { return first_.width(); }
  void read(int64_t first, int64_t count, double* to) const override;

 private:
  const RowSource &first_, &second_;
};

/// All rows of a source, in memory.
Rows all_rows(const RowSource& source, int64_t threads);

}  // namespace lafs::metrics
