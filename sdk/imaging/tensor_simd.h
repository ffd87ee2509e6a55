#pragma once
#include <cstdint>

namespace lafs::imaging::planes {

// What tensor_ops does to interleaved RGB, in the widest vectors of the machine: single precision, each operation rounded, the same bytes
// on every machine. [any thread]

void blend_plus(uint8_t* bytes, int64_t size, float factor, float plus);      ///< factor * v + plus, clamped, truncated
void blend_grey(uint8_t* rgb, int64_t pixels, float factor, float rest);      ///< factor * v + rest * grey, the same
int64_t grey_sum(const uint8_t* rgb, int64_t pixels);                         ///< of the grey bytes; pixels <= 2^23
void turn_float_hue(uint8_t* rgb, int64_t pixels, float shift, float scale);  ///< hue of floats, which times `scale` are bytes
void mirror_row(const uint8_t* rgb, int64_t pixels, uint8_t* out);            ///< pixels in reverse; `out` is another row

}  // namespace lafs::imaging::planes
