#pragma once
#include <cstdint>

#include "nn/simd/fused_simd.h"

namespace lafs::nn {

/// One image of the self-distillation loss: rows of its views, all of `width` logits. Views of the teacher come first among the student's.
template <typename T>
struct DinoImage {
  const T* student = nullptr;     ///< row of view 0; view v lies `stride * v` further
  const T* teacher = nullptr;     ///< the same for the teacher's views
  const float* center = nullptr;  ///< [width]
  int64_t stride = 0, width = 0, student_views = 0, teacher_views = 0;
  float student_temperature = 1, teacher_temperature = 1;
};

/// A row's distribution is exp(v - top) inverse. The logarithm of the sum instead would lose what a large logit takes of its digits.
struct RowSum {
  float top = 0, inverse = 1;
};

/// What the backward pass needs of the forward one, an image's share: [V] and [T].
struct DinoSums {
  RowSum* student = nullptr;
  RowSum* teacher = nullptr;
};

/// Sum over pairs (teacher view i, student view v != i) of -sum_k p_i[k] log q_v[k] in one pass over the student's logits; fills `sums`.
/// BFloat logits are widened, sums of tiles are kept in double. [any thread]
double dino_image_forward(const DinoImage<float>& image, const DinoSums& sums);
double dino_image_forward(const DinoImage<BFloat>& image, const DinoSums& sums);

/// `factor` times the gradient of that sum, into rows laid out as the student's. [any thread]
void dino_image_backward(const DinoImage<float>& image, const DinoSums& sums, float factor, float* gradient);
void dino_image_backward(const DinoImage<BFloat>& image, const DinoSums& sums, float factor, BFloat* gradient);

}  // namespace lafs::nn
