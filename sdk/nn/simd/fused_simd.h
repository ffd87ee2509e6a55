#pragma once
#include <cstdint>

namespace lafs::nn {

/// The dropout of one row: element e is kept when its 16 bits under `key` (see `Draws::row_keys`) are below `threshold`.
struct RowMask {
  uint64_t key = 0;
  uint32_t threshold = 0x10000;  ///< round(65536 keep); 0x10000 keeps all
  float scale = 1;               ///< of what is kept, 1 / keep
  bool on = false;               ///< false: the identity
};

/// A row's drop-path: the factor of its whole branch.
struct RowPath {
  float scale = 1;  ///< 1 / keep, or 0
  bool on = false;
};

/// Storage of bfloat16; arithmetic is in fp32, and each result is rounded to nearest even as the plain operations round.
struct BFloat {
  uint16_t bits = 0;
};

/// Elements [first, first + count) of a row, `first` a multiple of 8; pointers are to element `first`. The code for the best vector unit
/// of this machine is taken at run time. All are pure functions. [any thread]

/// The 16 bits of each element.
void mask_bits(uint64_t key, int64_t first, int64_t count, uint16_t* out);

/// residual + path(dropout(branch)).
void drop_add_forward(const float* branch, const float* residual, float* out, int64_t first, int64_t count, RowMask mask, RowPath path);
void drop_add_forward(const BFloat* branch, const float* residual, float* out, int64_t first, int64_t count, RowMask mask, RowPath path);
void drop_add_forward(const BFloat* branch, const BFloat* residual, BFloat* out, int64_t first, int64_t count, RowMask mask, RowPath path);

/// The branch's gradient: dropout(path(gradient)).
void drop_add_backward(const float* gradient, float* out, int64_t first, int64_t count, RowMask mask, RowPath path);
void drop_add_backward(const float* gradient, BFloat* out, int64_t first, int64_t count, RowMask mask, RowPath path);
void drop_add_backward(const BFloat* gradient, BFloat* out, int64_t first, int64_t count, RowMask mask, RowPath path);

/// dropout(x Phi(x)); Phi from a fit of erfc, within 2e-7 |x|.
void gelu_drop_forward(const float* x, float* out, int64_t first, int64_t count, RowMask mask);
void gelu_drop_forward(const BFloat* x, BFloat* out, int64_t first, int64_t count, RowMask mask);

/// The gradient of x.
void gelu_drop_backward(const float* x, const float* gradient, float* out, int64_t first, int64_t count, RowMask mask);
void gelu_drop_backward(const BFloat* x, const BFloat* gradient, BFloat* out, int64_t first, int64_t count, RowMask mask);

}  // namespace lafs::nn
