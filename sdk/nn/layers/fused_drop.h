#pragma once
#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lafs/pass.h"
#include "nn/layers/dropout.h"

namespace lafs::nn {

/// residual + path(dropout(branch)), rows along axis 0; dropout of elements, path of a row's whole branch. Both act when the pass trains
/// and has draws. On the CPU, in fp32 or bf16 and with draws that give row keys, one pass over memory that makes the masks from the keys in
/// forward and in backward and keeps none; else plain operations, with equal results (models.md 2.5). [main thread]
at::Tensor drop_add(const at::Tensor& residual, const at::Tensor& branch, const Drop& dropout, const Drop& path, const Pass& pass);

/// dropout(gelu(x)) with the exact GELU, in one pass as above; within 3e-7 of the plain operations for each unit of |x|. [main thread]
at::Tensor gelu_drop(const at::Tensor& x, const Drop& dropout, const Pass& pass);

// What follows is shared with `BranchRows`; a network calls the functions above.

/// Keys of the rows' masks (`Draws::row_keys`), in the type that autograd's saved data keeps; empty: no dropout.
using RowKeys = std::vector<int64_t>;

/// Empty: these draws give no keys for the rows of x.
RowKeys keys_of(const Drop& drop, const Pass& pass, const at::Tensor& x);

/// What drop-path multiplies each row's branch by: 0 or 1/(1 - rate).
std::vector<double> path_scales(const RowKeys& keys, double rate);

/// Whether x is of a type that the fused loops read: fp32 or bf16.
bool is_fused_type(const at::Tensor& x);
/// Whether they have this branch for that residual, which is of such a type: no wider than it.
bool fits_fused_add(const at::Tensor& residual, const at::Tensor& branch);

/// A branch of some rows, added to all, with its dropout and the rows' scales. `places`: where a row of the residual is in the branch, or
/// -1; empty: in the same place. `scales` by the branch's rows; empty: none.
at::Tensor fused_drop_add(const at::Tensor& residual, const at::Tensor& branch, const RowKeys& keys, const std::vector<int64_t>& places,
                          const std::vector<double>& scales, double rate);

}  // namespace lafs::nn
