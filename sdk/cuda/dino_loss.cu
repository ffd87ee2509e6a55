// The self-distillation loss on a GPU: one pass over the student's logits forward, one backward; a block takes a tile of columns of one
// image, a warp its views in turn. Sums of a tile are fp32, sums over tiles double.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cmath>
#include <cstdint>

#include "cuda/launch.cuh"

namespace lafs {

namespace {

constexpr int threads = 256, warps = threads / warp;
constexpr int tile = static_cast<int>(cuda_dino_tile);
constexpr int group = 8;  // logits that a lane holds at a time

__device__ float wide(float x) { return x; }
__device__ float wide(__half x) { return __half2float(x); }
__device__ float wide(__nv_bfloat16 x) { return __bfloat162float(x); }
__device__ void store(float* to, float x) { *to = x; }
__device__ void store(__half* to, float x) { *to = __float2half_rn(x); }
__device__ void store(__nv_bfloat16* to, float x) { *to = __float2bfloat16_rn(x); }

/// A sum of exponentials below a running maximum. What is not a number passes through the sum.
template <typename Sum>
struct Online {
  float top = -INFINITY;
  Sum sum = 0;

  __device__ void raise(float here) {
    if (here <= top) return;
    sum *= exp(static_cast<Sum>(top) - static_cast<Sum>(here));
    top = here;
  }
  __device__ void join(Online other) {
    raise(other.top);
    other.raise(top);
    sum += other.sum;
  }
  __device__ void add(const float (&v)[group], int count) {
    float here = top;
    for (int i = 0; i < group; ++i) here = i < count ? fmaxf(here, v[i]) : here;
    raise(here);
    for (int i = 0; i < group; ++i) sum += i < count ? expf(v[i] - top) : 0.0f;
  }
  __device__ void join_warp() {
    for (int step = warp / 2; step > 0; step /= 2) {
      Online other;
      other.top = __shfl_xor_sync(all_lanes, top, step);
      other.sum = __shfl_xor_sync(all_lanes, sum, step);
      join(other);
    }
  }
};

/// How many of the columns first, first + step, ... lie below n.
__device__ int count_below(int64_t n, int64_t first, int step) {
  const int64_t left = n - first;
  return left <= 0 ? 0 : static_cast<int>(min(static_cast<int64_t>(group), (left + step - 1) / step));
}

/// A block a row of the teacher's.
template <typename T>
__global__ void sum_teachers(CudaDino o) {
  __shared__ float tops[warps], sums[warps];
  const int64_t row = blockIdx.x, view = row / o.batch, b = row % o.batch;
  const T* logits = static_cast<const T*>(o.teacher) + row * o.width;
  Online<float> online;
  for (int64_t base = threadIdx.x; base < o.width; base += group * threads) {
    const int count = count_below(o.width, base, threads);
    float v[group];
    for (int i = 0; i < group; ++i) {
      const int64_t k = base + i * threads;
      v[i] = i < count ? (wide(logits[k]) - o.center[k]) / o.teacher_temperature : 0.0f;
    }
    online.add(v, count);
  }
  online.join_warp();
  if (threadIdx.x % warp == 0) {
    tops[threadIdx.x / warp] = online.top;
    sums[threadIdx.x / warp] = online.sum;
  }
  __syncthreads();
  if (threadIdx.x != 0) return;
  Online<double> all;
  for (int w = 0; w < warps; ++w) all.join({tops[w], sums[w]});
  float* out = o.teacher_sums + 2 * (b * o.teacher_views + view);
  out[0] = all.top;
  out[1] = static_cast<float>(1 / all.sum);
}

/// A block's tile of columns of an image: the teachers' distributions in fast memory, row T their sum.
template <typename T>
class Tile {
 public:
  __device__ Tile(const CudaDino& o, int64_t b, int64_t first, float* memory)
      : o_(o), b_(b), first_(first), n_(static_cast<int>(min(cuda_dino_tile, o.width - first))), memory_(memory) {
    for (int k = static_cast<int>(threadIdx.x); k < n_; k += threads) {
      float sum = 0;
      for (int64_t i = 0; i < o.teacher_views; ++i) {
        const float* known = o.teacher_sums + 2 * (b * o.teacher_views + i);
        const float logit = wide(static_cast<const T*>(o.teacher)[(i * o.batch + b) * o.width + first + k]);
        const float p = expf((logit - o.center[first + k]) / o.teacher_temperature - known[0]) * known[1];
        memory_[i * tile + k] = p;
        sum += p;
      }
      memory_[o.teacher_views * tile + k] = sum;
    }
    __syncthreads();
  }

  __device__ int columns() const { return n_; }
  __device__ int64_t student(int64_t view) const { return (view * o_.batch + b_) * o_.width + first_; }
  __device__ float logit(int64_t row, int k) const { return wide(static_cast<const T*>(o_.student)[row + k]) / o_.student_temperature; }

  /// The sum of the distributions that a view learns from: its own teacher's is left out, not taken off.
  __device__ float target(int64_t view, int k) const {
    if (view >= o_.teacher_views) return memory_[o_.teacher_views * tile + k];
    float sum = 0;
    for (int64_t i = 0; i < o_.teacher_views; ++i) sum += i == view ? 0.0f : memory_[i * tile + k];
    return sum;
  }

 private:
  const CudaDino& o_;
  int64_t b_, first_;
  int n_;
  float* memory_;
};

__device__ double weight_of(const CudaDino& o, int64_t view) {
  return static_cast<double>(o.teacher_views - (view < o.teacher_views ? 1 : 0));
}

/// parts [B,V,chunks,3]: maximum, sum of exponentials, product with the targets.
template <typename T>
__global__ void read_tiles(CudaDino o, unsigned chunks, float* parts) {
  extern __shared__ float memory[];
  const int64_t b = blockIdx.x / chunks, chunk = blockIdx.x % chunks;
  const Tile<T> part(o, b, chunk * tile, memory);
  const int lane = static_cast<int>(threadIdx.x) % warp;
  for (int64_t view = threadIdx.x / warp; view < o.student_views; view += warps) {
    Online<float> online;
    float product = 0;
    for (int base = lane; base < part.columns(); base += group * warp) {
      const int count = count_below(part.columns(), base, warp);
      float v[group];
      for (int i = 0; i < group; ++i) v[i] = i < count ? part.logit(part.student(view), base + i * warp) : 0.0f;
      for (int i = 0; i < group; ++i) product += i < count ? part.target(view, base + i * warp) * v[i] : 0.0f;
      online.add(v, count);
    }
    online.join_warp();
    for (int step = warp / 2; step > 0; step /= 2) product += __shfl_xor_sync(all_lanes, product, step);
    float* out = parts + 3 * ((b * o.student_views + view) * chunks + chunk);
    if (lane != 0) continue;
    out[0] = online.top;
    out[1] = online.sum;
    out[2] = product;
  }
}

/// A block an image: its tiles joined, always in the same order.
__global__ void join_tiles(CudaDino o, unsigned chunks, const float* parts, double* losses) {
  __shared__ double of_warps[warps];
  const int64_t b = blockIdx.x;
  const int lane = static_cast<int>(threadIdx.x) % warp;
  double loss = 0;
  for (int64_t view = threadIdx.x / warp; view < o.student_views; view += warps) {
    const float* mine = parts + 3 * (b * o.student_views + view) * chunks;
    Online<double> online;
    double product = 0;
    for (unsigned chunk = lane; chunk < chunks; chunk += warp) {
      online.join({mine[3 * chunk], mine[3 * chunk + 1]});
      product += mine[3 * chunk + 2];
    }
    online.join_warp();
    for (int step = warp / 2; step > 0; step /= 2) product += __shfl_xor_sync(all_lanes, product, step);
    float* out = o.student_sums + 2 * (b * o.student_views + view);
    if (lane == 0) {
      out[0] = online.top;
      out[1] = static_cast<float>(1 / online.sum);
    }
    loss += weight_of(o, view) * (online.top + log(online.sum)) - product;
  }
  if (lane == 0) of_warps[threadIdx.x / warp] = loss;
  __syncthreads();
  if (threadIdx.x != 0) return;
  for (int w = 1; w < warps; ++w) loss += of_warps[w];
  losses[b] = loss;
}

template <typename T>
__global__ void write_tiles(CudaDino o, unsigned chunks, const float* incoming, float scale, T* gradient) {
  extern __shared__ float memory[];
  const int64_t b = blockIdx.x / chunks;
  const Tile<T> part(o, b, static_cast<int64_t>(blockIdx.x % chunks) * tile, memory);
  const float factor = *incoming * scale / o.student_temperature;
  for (int64_t view = threadIdx.x / warp; view < o.student_views; view += warps) {
    const float* known = o.student_sums + 2 * (b * o.student_views + view);
    const float top = known[0], inverse = static_cast<float>(weight_of(o, view)) * known[1];
    const int64_t row = part.student(view);
    for (int k = static_cast<int>(threadIdx.x) % warp; k < part.columns(); k += warp) {
      store(gradient + row + k, factor * (inverse * expf(part.logit(row, k) - top) - part.target(view, k)));
    }
  }
}

struct Grid {
  unsigned chunks, blocks;
  size_t memory;
  explicit Grid(const CudaDino& o)
      : chunks(static_cast<unsigned>((o.width + tile - 1) / tile)),
        blocks(static_cast<unsigned>(o.batch) * chunks),
        memory(static_cast<size_t>(o.teacher_views + 1) * tile * sizeof(float)) {}
};

template <typename T>
const char* forward(const CudaDino& o, float* parts, double* losses) {
  const Grid grid(o);
  return on_device(o.device, [&] {
    sum_teachers<T><<<static_cast<unsigned>(o.batch * o.teacher_views), threads>>>(o);
    read_tiles<T><<<grid.blocks, threads, grid.memory>>>(o, grid.chunks, parts);
    join_tiles<<<static_cast<unsigned>(o.batch), threads>>>(o, grid.chunks, parts, losses);
  });
}

template <typename T>
const char* backward(const CudaDino& o, const float* incoming, float scale, void* gradient) {
  const Grid grid(o);
  return on_device(
      o.device, [&] { write_tiles<T><<<grid.blocks, threads, grid.memory>>>(o, grid.chunks, incoming, scale, static_cast<T*>(gradient)); });
}

}  // namespace

const char* cuda_dino(const CudaDino& o, float* parts, double* losses) {
  if (o.batch == 0 || o.width == 0) return nullptr;
  switch (o.logits) {
    case CudaLogits::fp16:
      return forward<__half>(o, parts, losses);
    case CudaLogits::bf16:
      return forward<__nv_bfloat16>(o, parts, losses);
    default:
      return forward<float>(o, parts, losses);
  }
}

const char* cuda_dino_to_student(const CudaDino& o, const float* incoming, float scale, void* gradient) {
  if (o.batch == 0 || o.width == 0) return nullptr;
  switch (o.logits) {
    case CudaLogits::fp16:
      return backward<__half>(o, incoming, scale, gradient);
    case CudaLogits::bf16:
      return backward<__nv_bfloat16>(o, incoming, scale, gradient);
    default:
      return backward<float>(o, incoming, scale, gradient);
  }
}

}  // namespace lafs
