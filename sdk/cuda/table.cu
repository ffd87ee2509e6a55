#include "cuda/launch.cuh"

extern "C" __attribute__((visibility("default"))) const lafs::CudaKernels* lafs_cuda_kernels() {
  static constexpr lafs::CudaKernels table{lafs::cuda_kernels_version,   lafs::cuda_patches, lafs::cuda_patches_to_landmarks,
                                           lafs::cuda_patches_to_images, lafs::cuda_dino,    lafs::cuda_dino_to_student};
  return &table;
}
