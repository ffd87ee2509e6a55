#pragma once
#include <cstdint>

#include "lafs/tensor.h"

namespace lafs {

/// Talk between the ranks of a run. Every rank makes the same calls in the same order. World 1: the identity. [main thread]
/// None of these is recorded by autograd; the differentiable gather is in sdk/nn.
class Collective {
 public:
  virtual ~Collective() = default;
  virtual int64_t rank() const = 0;
  virtual int64_t world() const = 0;
  virtual void sum(Tensor& tensor) = 0;                      ///< in place, over ranks
  virtual void max(Tensor& tensor) = 0;                      ///< in place, over ranks
  virtual Tensor all_gather(const Tensor& tensor) = 0;       ///< [b, ...] -> [world*b, ...], rank-major; equal shapes
  virtual Tensor reduce_scatter(const Tensor& tensor) = 0;   ///< [world*b, ...] -> [b, ...], summed
  virtual void broadcast(Tensor& tensor, int64_t root) = 0;  ///< in place
  virtual void barrier() = 0;
};

}  // namespace lafs
