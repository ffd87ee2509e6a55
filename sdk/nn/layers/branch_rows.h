#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lafs/pass.h"
#include "nn/layers/dropout.h"

namespace lafs::nn {

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

}  // namespace lafs::nn
