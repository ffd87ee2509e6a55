#pragma once
#include <cstdint>
#include <functional>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lafs/draws.h"

namespace lafs::nn {

/// The classes of a rank (heads.md 5.1): of C classes on R ranks, rank r has C div R, one more where r < C mod R.
struct ClassShard {
  int64_t first = 0, count = 1;

  ClassShard(int64_t classes, int64_t rank, int64_t world);
};

/// Partial FC's share of classes that take part in a step.
struct ClassSampling {
  double rate = 1;                 ///< of each rank's classes; the labels of a batch always take part
  bool same_on_all_ranks = false;  ///< every rank draws the same positions among its classes (quirk HD-12)

  bool on() const { return rate < 1; }
  /// floor(rate * classes)
  int64_t of(int64_t classes) const;
};

/// Throws Error where a batch would find no class but its own labels: fewer than two sampled classes on all ranks together.
void check_sampling(const ClassSampling& sampling, int64_t classes, int64_t world);

/// Writes the uniform numbers of classes [first, first + count) into `out`.
using ClassUniforms = std::function<void(int64_t first, int64_t count, float* out)>;

/// Of a rank's classes, by position; with numbers that `draws` offer as a whole (`BatchUniforms`), or by Philox from their key.
ClassUniforms class_uniforms(const Draws& draws, const ClassShard& shard, const ClassSampling& sampling);

/// `count` of [0, classes): all `positives` (sorted, unique), and of the others those with the largest numbers, the first of equal ones;
/// just the positives where these are more. Sorted. Memory grows with `count` alone.
std::vector<int64_t> sample_classes(const std::vector<int64_t>& positives, int64_t classes, int64_t count, const ClassUniforms& uniforms);

}  // namespace lafs::nn
