#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "lafs/batch.h"
#include "lafs/step.h"
#include "lafs/tensor.h"

namespace lafs {

/// Where an objective looked in a group of V views of B pictures, and what it cut there. Rows are view-major.
struct PatchTrace {
  std::string views, clean;  ///< group the patches were cut from, and group the landmarks were found in: view i of both is one crop
  Tensor found;              ///< [V*B,L,2] landmarks as they were found, x and y in pixels
  Tensor places;             ///< [V*B,N,2] the same where a token was cut: chosen, and moved by noise
  Tensor chosen;             ///< [V*B,N] int64, the landmark of each token; undefined: token n is landmark n
  Tensor tokens;             ///< [V*B,N,p*p*3], see gather_patches
  int64_t patch = 8;         ///< p, pixels
  bool transposed = true;    ///< the layout inside a token, see PatchGather
};

/// An objective that cuts patches at landmarks and shows them, with the chance of training: for pictures that a person looks at.
class TracesPatches {
 public:
  virtual ~TracesPatches() = default;
  virtual std::vector<PatchTrace> patch_traces(const Batch& batch, const Step& step) = 0;  ///< [main thread]
};

}  // namespace lafs
