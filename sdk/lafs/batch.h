#pragma once
#include <cstdint>
#include <string_view>

#include "lafs/tensor.h"

namespace lafs {

/// One micro-batch on the device. B rows; a row is a picture. [main thread]
class Batch {
 public:
  virtual ~Batch() = default;
  virtual int64_t size() const = 0;  ///< B
  virtual bool has(std::string_view group) const = 0;
  virtual Tensor views(std::string_view group) const = 0;      ///< [V,B,3,H,W] float, scaled by the input contract; throws Error if absent
  virtual Tensor landmarks(std::string_view group) const = 0;  ///< [V,B,L,2] float, pixels of the view; throws Error if the layout has none
  virtual Tensor labels() const = 0;                           ///< [B] int64, identities
  virtual Tensor positions() const = 0;                        ///< [B] int64, position in the order of the epoch
  virtual Tensor indices() const = 0;                          ///< [B] int64, index in the data source: memory banks key on it
};

}  // namespace lafs
