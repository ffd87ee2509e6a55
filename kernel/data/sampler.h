#pragma once
#include <cstdint>

#include "kernel/ranks/place.h"

namespace lafs {

/// Which picture stands where: micro-batch m of a run holds positions [m*B, (m+1)*B) of its epoch's order, tails dropped. Of these a rank
/// takes row i from the front and row B-1-i from the back together, so that mixup's partner (the mirrored row) is its own.
/// A pure function of (seed, images, batch, place). [any thread]
class Sampler {
 public:
  /// `batch` is B, over all ranks. Throws Error when an epoch holds no whole batch, or when the ranks cannot share a batch equally.
  Sampler(uint64_t seed, int64_t images, int64_t batch, const Place& place = {});

  int64_t rows() const { return rows_; }  ///< of a micro-batch on this rank
  int64_t batches_per_epoch() const { return per_epoch_; }
  int64_t epoch_of(int64_t micro) const { return micro / per_epoch_; }
  int64_t position(int64_t micro, int64_t row) const;  ///< in the order of the epoch
  int64_t index(int64_t micro, int64_t row) const;     ///< in the data source
  uint64_t augmentation_key(int64_t micro, int64_t row) const;

 private:
  uint64_t seed_;
  int64_t images_, batch_, per_epoch_, rank_, rows_;
};

}  // namespace lafs
