#pragma once
#include <cstdint>

namespace lafs {

/// Raw patches of a batch on a GPU: what `gather_patches` says, in numbers. [main thread]
struct CudaPatches {
  const float* images = nullptr;     ///< [B,C,S,S]
  const float* landmarks = nullptr;  ///< [B,N,2]
  int64_t batch = 0, count = 0, size = 0, channels = 0, patch = 0;
  bool transposed = true;
  float shift = 0;     ///< added to a landmark it gives the place of the first sample, pixel centres being integers
  int32_t device = 0;  ///< number of the GPU
};

/// Storage of logits.
enum class CudaLogits : int32_t { fp32, fp16, bf16 };

/// The self-distillation loss of a batch on a GPU: what `dino_loss` says, in numbers. [main thread]
struct CudaDino {
  const void* student = nullptr;  ///< [V*B,K], rows view-major
  const void* teacher = nullptr;  ///< [T*B,K]
  const float* center = nullptr;  ///< [K]
  float* student_sums = nullptr;  ///< [B,V,2]: a row's distribution is exp(logit/temperature - first) second
  float* teacher_sums = nullptr;  ///< [B,T,2]
  int64_t batch = 0, width = 0, student_views = 0, teacher_views = 0;
  float student_temperature = 1, teacher_temperature = 1;
  CudaLogits logits = CudaLogits::fp32;
  int32_t device = 0;
};

inline constexpr int64_t cuda_dino_tile = 1024;   ///< columns of a block
inline constexpr int64_t cuda_dino_teachers = 8;  ///< most views of a teacher: their tiles share a block's fast memory

/// What liblafs_cuda.so does. Each call goes to the device's default stream and returns at once: null, or what CUDA said went wrong.
struct CudaKernels {
  int32_t version = 0;

  const char* (*patches)(const CudaPatches&, float* tokens) = nullptr;                                           ///< tokens [B,N,p*p*C]
  const char* (*patches_to_landmarks)(const CudaPatches&, const float* d_tokens, float* d_landmarks) = nullptr;  ///< writes [B,N,2]
  const char* (*patches_to_images)(const CudaPatches&, const float* d_tokens, float* d_images) = nullptr;        ///< writes [B,C,S,S]

  /// Fills both sums and `losses` [B], a sum over pairs each; `parts` [B,V,chunks,3] is scratch, a chunk being `cuda_dino_tile` columns.
  const char* (*dino)(const CudaDino&, float* parts, double* losses) = nullptr;
  /// gradient [V*B,K], of the logits' type: `scale` times the number at `incoming` times the gradient of the sum of all losses.
  const char* (*dino_to_student)(const CudaDino&, const float* incoming, float scale, void* gradient) = nullptr;
};

/// Changes whenever anything above does: a library of another version is not used.
inline constexpr int32_t cuda_kernels_version = 1;

/// Name and type of the only symbol that liblafs_cuda.so exports.
inline constexpr char cuda_kernels_symbol[] = "lafs_cuda_kernels";
using CudaKernelsSymbol = const CudaKernels*();

}  // namespace lafs
