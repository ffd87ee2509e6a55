#pragma once
#include <algorithm>
#include <cstdint>
#include <functional>

#include <ATen/core/Tensor.h>

namespace lafs::nn {

/// Blocks of classes of which a block of the matrix, and of its gradient, stays in a core's cache. Cosines lie block by block: those of a
/// block are contiguous, [rows, size of the block].
struct ClassBlocks {
  int64_t rows = 0, classes = 0, width = 0;  ///< B, C, D
  int64_t size = 1;                          ///< classes of a block; the last may have fewer

  ClassBlocks(int64_t b, int64_t c, int64_t d);

  int64_t count() const { return (classes + size - 1) / size; }
  int64_t first(int64_t block) const { return block * size; }
  int64_t classes_in(int64_t block) const { return std::min(size, classes - first(block)); }
  /// The cosines of a block in the tensor [B*C] of all: [B, n].
  at::Tensor of(const at::Tensor& all, int64_t block) const;
};

/// `work` on every block, shared out over threads, with autograd off.
void each_block(const ClassBlocks& blocks, const std::function<void(int64_t block)>& work);

/// Products of unit embeddings [B,D] with the rows of the matrix [C,D], fp32 or fp64, made unit length on the way.
/// `product` is the type of the product; it differs from theirs under autocast. Fills `cosines` [B*C] by blocks and `inverse` [C], 1 over
/// the lengths of the rows; calls `done` once a block is there, on its thread.
void class_cosines(const ClassBlocks& blocks, const at::Tensor& unit, const at::Tensor& matrix, at::ScalarType product,
                   const at::Tensor& cosines, const at::Tensor& inverse, const std::function<void(int64_t block)>& done);

/// Gradients of unit embeddings and matrix from those of the cosines, which `slopes` writes a block at a time into [B, n], on a thread.
struct ClassGradients {
  at::Tensor unit, matrix;  ///< undefined where not asked for
};
ClassGradients class_gradients(const ClassBlocks& blocks, const at::Tensor& unit, const at::Tensor& matrix, at::ScalarType product,
                               const at::Tensor& cosines, const at::Tensor& inverse, bool with_matrix,
                               const std::function<void(int64_t block, const at::Tensor& slopes)>& slopes);

}  // namespace lafs::nn
