#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lafs/pass.h"

namespace lafs::nn {

/// One dropout of a network: its rate and the name of its draws.
struct Drop {
  double rate = 0;
  std::string_view stream;
};

/// residual + path(dropout(branch)), rows along axis 0; dropout of elements, path of a row's whole branch. Both act when the pass trains
/// and has draws. On the CPU, in fp32 or bf16 and with draws that give row keys, one pass over memory that makes the masks from the keys in
/// forward and in backward and keeps none; else plain operations, with equal results (models.md 2.5). [main thread]
at::Tensor drop_add(const at::Tensor& residual, const at::Tensor& branch, const Drop& dropout, const Drop& path, const Pass& pass);

/// The rows of a batch that take a branch under drop-path. On the CPU, in fp32 or bf16 and with draws that give row keys, the others are
/// not computed at all; else every row is computed, and `add` drops. Results and gradients are those of `drop_add` either way; where no row
/// takes the branch one is computed and counts nothing, so that every parameter has its gradient of zeros. [main thread]
class BranchRows {
 public:
  /// x is what the branch starts from, [B,...].
  BranchRows(const at::Tensor& x, const Drop& path, const Pass& pass);

  at::Tensor of(const at::Tensor& x) const;   ///< [B,...] -> [B',...], for what stands before the branch
  const Pass& pass() const { return pass_; }  ///< of these rows, for what stands in the branch
  /// residual [B,...] + path(dropout(branch [B',...])), [B,...]. Throws Error when their shapes do not fit.
  at::Tensor add(const at::Tensor& residual, const at::Tensor& branch, const Drop& dropout) const;

 private:
  double path_rate_;
  std::string path_stream_;
  Pass pass_;
  bool skips_ = false;
  double scale_ = 1;
  std::vector<int64_t> rows_, places_;  // B' rows of B, and the place of each of the B rows among them, or -1
};

/// dropout(gelu(x)) with the exact GELU, in one pass as above; within 3e-7 of the plain operations for each unit of |x|. [main thread]
at::Tensor gelu_drop(const at::Tensor& x, const Drop& dropout, const Pass& pass);

/// x [B, shape...] with each element dropped with probability `rate` and the others divided by 1 - rate, when the pass trains and has
/// draws; x itself otherwise. `shape` is that of a row's mask: {N,D} for dropout, {1,1} for drop-path. Plain operations. [main thread]
at::Tensor drop(const at::Tensor& x, double rate, const Pass& pass, std::string_view stream, const std::vector<int64_t>& shape);

}  // namespace lafs::nn
