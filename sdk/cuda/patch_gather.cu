// Patches at landmarks on a GPU. Products and sums of the forward pass are those of nn/simd/patch_simd.h, in its order.
#include <cmath>
#include <cstdint>

#include "cuda/launch.cuh"

namespace lafs {

namespace {

constexpr int threads = 128;
constexpr int places_a_time = 128;

/// Where a patch begins, and the weights of its pixels.
struct Place {
  bool touches, number;
  int x, y;
  float low_x, high_x, low_y, high_y;
};

__device__ Place place_of(const CudaPatches& o, int64_t row) {
  const float left = o.landmarks[2 * row], top = o.landmarks[2 * row + 1];
  const float x = left + o.shift, y = top + o.shift;
  const auto least = static_cast<float>(-o.patch - 1), most = static_cast<float>(o.size);
  Place place{x > least && x < most && y > least && y < most, !isnan(left) && !isnan(top), 0, 0, 1, 0, 1, 0};
  if (!place.touches) return place;
  const float floor_x = floorf(x), floor_y = floorf(y);
  place.x = static_cast<int>(floor_x);
  place.y = static_cast<int>(floor_y);
  place.high_x = x - floor_x;
  place.high_y = y - floor_y;
  place.low_x = 1 - place.high_x;
  place.low_y = 1 - place.high_y;
  return place;
}

/// The four pixels around a number of a token, zeros outside.
struct Corners {
  float top_left, top_right, bottom_left, bottom_right;
};

__device__ Corners corners_of(const CudaPatches& o, const Place& place, int64_t row, int k) {
  const int c = static_cast<int>(o.channels), p = static_cast<int>(o.patch), size = static_cast<int>(o.size);
  const int slow = k / c / p, fast = k / c % p;
  const int x = place.x + (o.transposed ? slow : fast), y = place.y + (o.transposed ? fast : slow);
  const float* plane = o.images + (row / o.count * o.channels + k % c) * o.size * o.size;
  const auto pixel = [&](int dy, int dx) {
    const int at_y = y + dy, at_x = x + dx;
    const bool inside = at_y >= 0 && at_y < size && at_x >= 0 && at_x < size;
    return inside ? plane[static_cast<int64_t>(at_y) * size + at_x] : 0.0f;
  };
  return {pixel(0, 0), pixel(0, 1), pixel(1, 0), pixel(1, 1)};
}

__global__ void read(CudaPatches o, float* tokens) {
  const int64_t row = blockIdx.x;
  const int width = static_cast<int>(o.patch * o.patch * o.channels);
  const Place place = place_of(o, row);
  for (int k = static_cast<int>(threadIdx.x); k < width; k += threads) {
    float value = place.number ? 0.0f : NAN;
    if (place.touches) {
      const Corners at = corners_of(o, place, row, k);
      const float top = place.low_x * at.top_left + place.high_x * at.top_right;
      const float bottom = place.low_x * at.bottom_left + place.high_x * at.bottom_right;
      value = place.low_y * top + place.high_y * bottom;
    }
    tokens[row * width + k] = value;
  }
}

/// The sum over the block, known to thread 0; always added in the same order.
__device__ float block_sum(float value, float* of_warps) {
  for (int step = warp / 2; step > 0; step /= 2) value += __shfl_down_sync(all_lanes, value, step);
  if (threadIdx.x % warp == 0) of_warps[threadIdx.x / warp] = value;
  __syncthreads();
  float sum = 0;
  if (threadIdx.x == 0) {
    for (int w = 0; w < threads / warp; ++w) sum += of_warps[w];
  }
  return sum;
}

__global__ void to_landmarks(CudaPatches o, const float* d_tokens, float* d_landmarks) {
  __shared__ float of_warps_x[threads / warp], of_warps_y[threads / warp];
  const int64_t row = blockIdx.x;
  const int width = static_cast<int>(o.patch * o.patch * o.channels);
  const Place place = place_of(o, row);
  float slope_x = 0, slope_y = 0;
  if (place.touches) {
    for (int k = static_cast<int>(threadIdx.x); k < width; k += threads) {
      const Corners at = corners_of(o, place, row, k);
      const float gradient = d_tokens[row * width + k];
      slope_x += gradient * (place.low_y * (at.top_right - at.top_left) + place.high_y * (at.bottom_right - at.bottom_left));
      slope_y += gradient * (place.low_x * (at.bottom_left - at.top_left) + place.high_x * (at.bottom_right - at.top_right));
    }
  }
  slope_x = block_sum(slope_x, of_warps_x);
  slope_y = block_sum(slope_y, of_warps_y);
  if (threadIdx.x != 0) return;
  d_landmarks[2 * row] = place.number ? slope_x : NAN;
  d_landmarks[2 * row + 1] = place.number ? slope_y : NAN;
}

/// What pixel (y, x) of a patch, counted from its first, gets of a token's gradient.
__device__ float share(const CudaPatches& o, const Place& place, const float* d_token, int channel, int y, int x) {
  const int p = static_cast<int>(o.patch), c = static_cast<int>(o.channels);
  const auto gradient = [&](int at_y, int at_x) {
    if (at_y < 0 || at_x < 0 || at_y >= p || at_x >= p) return 0.0f;
    return d_token[(o.transposed ? at_x * p + at_y : at_y * p + at_x) * c + channel];
  };
  const float upper = place.low_x * gradient(y - 1, x) + place.high_x * gradient(y - 1, x - 1);
  const float own = place.low_x * gradient(y, x) + place.high_x * gradient(y, x - 1);
  return place.low_y * own + place.high_y * upper;
}

/// A thread a pixel, which asks every landmark of its picture: no atomic addition, so that the sum is the same at every run.
__global__ void to_images(CudaPatches o, const float* d_tokens, float* d_images, unsigned blocks_a_picture) {
  __shared__ Place places[places_a_time];
  const int64_t b = blockIdx.x / blocks_a_picture, plane = o.size * o.size, width = o.patch * o.patch * o.channels;
  const int64_t pixel = static_cast<int64_t>(blockIdx.x % blocks_a_picture) * threads + threadIdx.x;
  const bool mine = pixel < o.channels * plane;
  const int channel = static_cast<int>(pixel / plane), y = static_cast<int>(pixel % plane / o.size), x = static_cast<int>(pixel % o.size);
  float sum = 0;
  for (int64_t first = 0; first < o.count; first += places_a_time) {
    const int here = static_cast<int>(min(static_cast<int64_t>(places_a_time), o.count - first));
    __syncthreads();
    for (int n = static_cast<int>(threadIdx.x); n < here; n += threads) places[n] = place_of(o, b * o.count + first + n);
    __syncthreads();
    for (int n = 0; mine && n < here; ++n) {
      const int from_y = y - places[n].y, from_x = x - places[n].x;
      if (!places[n].touches || from_y < 0 || from_x < 0 || from_y > o.patch || from_x > o.patch) continue;
      sum += share(o, places[n], d_tokens + (b * o.count + first + n) * width, channel, from_y, from_x);
    }
  }
  if (mine) d_images[b * o.channels * plane + pixel] = sum;
}

unsigned rows_of(const CudaPatches& o) { return static_cast<unsigned>(o.batch * o.count); }

}  // namespace

const char* cuda_patches(const CudaPatches& o, float* tokens) {
  if (rows_of(o) == 0) return nullptr;
  return on_device(o.device, [&] { read<<<rows_of(o), threads>>>(o, tokens); });
}

const char* cuda_patches_to_landmarks(const CudaPatches& o, const float* d_tokens, float* d_landmarks) {
  if (rows_of(o) == 0) return nullptr;
  return on_device(o.device, [&] { to_landmarks<<<rows_of(o), threads>>>(o, d_tokens, d_landmarks); });
}

const char* cuda_patches_to_images(const CudaPatches& o, const float* d_tokens, float* d_images) {
  if (o.batch == 0) return nullptr;
  const auto blocks = static_cast<unsigned>((o.channels * o.size * o.size + threads - 1) / threads);
  return on_device(o.device, [&] { to_images<<<static_cast<unsigned>(o.batch) * blocks, threads>>>(o, d_tokens, d_images, blocks); });
}

}  // namespace lafs
