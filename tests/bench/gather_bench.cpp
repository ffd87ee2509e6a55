#include <vector>

#include <ATen/ops/grid_sampler.h>
#include <benchmark/benchmark.h>
#include <torch/types.h>

#include "nn/models/patch_gather.h"

/// Patches at all landmarks of a LAFS step, forward and the landmarks' gradient: 196 of each of 2 global views, 36 of each of 8 local ones.
/// Plain is the published way (models.md 5.3): one grid_sample a landmark; the local views of a picture are stacked.
namespace lafs {
namespace {

struct Views {
  at::Tensor images, landmarks, weights;
  Views(int64_t rows, int64_t count)
      : images(torch::rand({rows, 3, 112, 112})),
        landmarks((112 * torch::rand({rows, count, 2})).requires_grad_()),
        weights(torch::randn({rows, count, 192})) {}
};

at::Tensor patches_one_by_one(const at::Tensor& images, const at::Tensor& landmarks) {
  const at::Tensor offsets = at::arange(8, images.options()) - 4;
  std::vector<at::Tensor> tokens;
  for (int64_t n = 0; n < landmarks.size(1); ++n) {
    const at::Tensor along = (landmarks.select(1, n).unsqueeze(1) + offsets.view({8, 1})) / 56.0 - 1;  // [B,8,2]
    const at::Tensor x = along.select(2, 0).unsqueeze(2).expand({-1, 8, 8}), y = along.select(2, 1).unsqueeze(1).expand({-1, 8, 8});
    const at::Tensor patch = at::grid_sampler(images, at::stack({x, y}, 3), 0, 0, false);  // [B,3,8,8]
    tokens.push_back(patch.permute({0, 2, 3, 1}).reshape({-1, 192}));
  }
  return at::stack(tokens, 1);
}

void gather_step(benchmark::State& state) {
  const int64_t batch = state.range(1);
  std::vector<Views> sets{{batch, 196}, {batch, 196}, {8 * batch, 36}};
  const nn::PatchGather options;
  if (!at::allclose(patches_one_by_one(sets[0].images, sets[0].landmarks), nn::gather_patches(sets[0].images, sets[0].landmarks, options),
                    1e-4, 1e-4)) {
    state.SkipWithError("the two ways disagree");
  }
  for (auto _ : state) {
    for (Views& v : sets) {
      (state.range(0) ? nn::gather_patches(v.images, v.landmarks, options) : patches_one_by_one(v.images, v.landmarks)).backward(v.weights);
      v.landmarks.mutable_grad() = at::Tensor();
    }
  }
}
BENCHMARK(gather_step)->ArgNames({"fused", "batch"})->ArgsProduct({{1, 0}, {4, 8}})->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace lafs
