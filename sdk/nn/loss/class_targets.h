#pragma once
#include <cstdint>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

#include "nn/loss/class_blocks.h"

namespace lafs::nn {

/// The target columns of a batch, found by block.
class ClassTargets {
 public:
  struct One {
    int64_t block, row, place;  ///< place: within the block
    int64_t column;             ///< of [B,K]
  };
  using Place = std::vector<One>::const_iterator;

  /// columns [B,K] int64 on the CPU; -1: none.
  ClassTargets(const ClassBlocks& blocks, const at::Tensor& columns);

  /// Those of a block, by row and then by place.
  std::pair<Place, Place> in(int64_t block) const;

 private:
  std::vector<One> all_;
};

}  // namespace lafs::nn
