#pragma once
#include <cuda_runtime.h>

#include "cuda/kernels.h"

namespace lafs {

/// Null, or what CUDA says.
inline const char* said(cudaError_t error) { return error == cudaSuccess ? nullptr : cudaGetErrorString(error); }

/// Runs `launch` with the device current, and says what went wrong.
template <typename Launch>
const char* on_device(int32_t device, const Launch& launch) {
  if (const char* error = said(cudaSetDevice(device))) return error;
  launch();
  return said(cudaGetLastError());
}

inline constexpr int warp = 32;
inline constexpr unsigned all_lanes = 0xffffffffu;

const char* cuda_patches(const CudaPatches& o, float* tokens);
const char* cuda_patches_to_landmarks(const CudaPatches& o, const float* d_tokens, float* d_landmarks);
const char* cuda_patches_to_images(const CudaPatches& o, const float* d_tokens, float* d_images);
const char* cuda_dino(const CudaDino& o, float* parts, double* losses);
const char* cuda_dino_to_student(const CudaDino& o, const float* incoming, float scale, void* gradient);

}  // namespace lafs
