#include "imaging/planes_simd.h"

// Highway compiles this file once for each kind of machine and picks at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "imaging/planes_layout_simd.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h comes first.
#include "imaging/planes_simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lafs::imaging::planes {
namespace HWY_NAMESPACE {

void split(const uint8_t* rgb, int64_t pixels, uint8_t* r, uint8_t* g, uint8_t* b) {
  const hn::CappedTag<uint8_t, 64> d;
  const auto step = static_cast<int64_t>(hn::Lanes(d));
  const auto block = [&](int64_t i) HWY_ATTR {
    hn::Vec<decltype(d)> v0, v1, v2;
    hn::LoadInterleaved3(d, rgb + 3 * i, v0, v1, v2);
    hn::StoreU(v0, d, r + i);
    hn::StoreU(v1, d, g + i);
    hn::StoreU(v2, d, b + i);
  };
  int64_t i = 0;
  for (; i + step <= pixels; i += step) block(i);
  if (i < pixels && pixels >= step) return block(pixels - step);
  for (; i < pixels; ++i) {
    r[i] = rgb[3 * i];
    g[i] = rgb[3 * i + 1];
    b[i] = rgb[3 * i + 2];
  }
}

void join(const uint8_t* r, const uint8_t* g, const uint8_t* b, int64_t pixels, uint8_t* rgb) {
  const hn::CappedTag<uint8_t, 64> d;
  const auto step = static_cast<int64_t>(hn::Lanes(d));
  const auto block = [&](int64_t i)
                         HWY_ATTR { hn::StoreInterleaved3(hn::LoadU(d, r + i), hn::LoadU(d, g + i), hn::LoadU(d, b + i), d, rgb + 3 * i); };
  int64_t i = 0;
  for (; i + step <= pixels; i += step) block(i);
  if (i < pixels && pixels >= step) return block(pixels - step);
  for (; i < pixels; ++i) {
    rgb[3 * i] = r[i];
    rgb[3 * i + 1] = g[i];
    rgb[3 * i + 2] = b[i];
  }
}

/// Four rounds of riffling rows i and i + 8 turn a block of 16 x 16.
void turn_block(const uint8_t* in, int64_t in_stride, uint8_t* out, int64_t out_stride) {
#if HWY_TARGET == HWY_SCALAR
  for (int64_t x = 0; x < 16; ++x) {
    for (int64_t y = 0; y < 16; ++y) out[x * out_stride + y] = in[y * in_stride + x];
  }
#else
  const hn::FixedTag<uint8_t, 16> d;
  hn::Vec<decltype(d)> a[16], b[16];
  for (int64_t i = 0; i < 16; ++i) a[i] = hn::LoadU(d, in + i * in_stride);
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 8; ++i) {
      b[2 * i] = hn::InterleaveLower(d, a[i], a[i + 8]);
      b[2 * i + 1] = hn::InterleaveUpper(d, a[i], a[i + 8]);
    }
    for (int i = 0; i < 8; ++i) {
      a[2 * i] = hn::InterleaveLower(d, b[i], b[i + 8]);
      a[2 * i + 1] = hn::InterleaveUpper(d, b[i], b[i + 8]);
    }
  }
  for (int64_t i = 0; i < 16; ++i) hn::StoreU(a[i], d, out + i * out_stride);
#endif
}

void transpose(const uint8_t* in, int64_t in_stride, int64_t rows, int64_t columns, uint8_t* out, int64_t out_stride) {
  for (int64_t y = 0; y < rows; y += 16) {
    for (int64_t x = 0; x < columns; x += 16) turn_block(in + y * in_stride + x, in_stride, out + x * out_stride + y, out_stride);
  }
}

void gather_columns(const uint8_t* row, const ColumnGroups& groups, float* out) {
  for (int64_t g = 0; g < groups.count; ++g) {
    const uint8_t *from = row + groups.from[g], *places = groups.places + 16 * g;
    float* to = out + groups.to[g];
#if HWY_TARGET == HWY_SCALAR
    for (int64_t i = 0; i < 16; ++i) to[i] = static_cast<float>(from[places[i]]);
#else
    const hn::FixedTag<uint8_t, 16> d;
    HWY_ALIGN uint8_t taken[16];
    hn::Store(hn::TableLookupBytes(hn::LoadU(d, from), hn::LoadU(d, places)), d, taken);
    const auto step = static_cast<int64_t>(hn::Lanes(Floats()));
    for (int64_t i = 0; i < 16; i += step) hn::StoreU(load_floats(taken + i), Floats(), to + i);
#endif
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace lafs::imaging::planes
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lafs::imaging::planes {

HWY_EXPORT(split);
HWY_EXPORT(join);
HWY_EXPORT(transpose);
HWY_EXPORT(gather_columns);

void split(const uint8_t* rgb, int64_t pixels, uint8_t* r, uint8_t* g, uint8_t* b) { HWY_DYNAMIC_DISPATCH(split)(rgb, pixels, r, g, b); }
void join(const uint8_t* r, const uint8_t* g, const uint8_t* b, int64_t pixels, uint8_t* rgb) {
  HWY_DYNAMIC_DISPATCH(join)(r, g, b, pixels, rgb);
}
void transpose(const uint8_t* in, int64_t in_stride, int64_t rows, int64_t columns, uint8_t* out, int64_t out_stride) {
  HWY_DYNAMIC_DISPATCH(transpose)(in, in_stride, rows, columns, out, out_stride);
}
void gather_columns(const uint8_t* row, const ColumnGroups& groups, float* out) { HWY_DYNAMIC_DISPATCH(gather_columns)(row, groups, out); }

}  // namespace lafs::imaging::planes
#endif
