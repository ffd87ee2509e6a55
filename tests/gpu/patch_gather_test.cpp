#include "nn/models/patch_gather.h"

#include <cmath>
#include <vector>

#include <doctest/doctest.h>
#include <torch/types.h>

#include "gpu/gpu.h"

using namespace lafs;

namespace {

struct Gathered {
  at::Tensor tokens, of_images, of_landmarks;
};

using Gather = at::Tensor (*)(const at::Tensor&, const at::Tensor&, const nn::PatchGather&);

Gathered gathered(Gather gather, const at::Tensor& images, const at::Tensor& landmarks, const at::Tensor& weights, const nn::PatchGather& o,
                  at::Device device) {
  const at::Tensor pixels = images.to(device).requires_grad_(true), places = landmarks.to(device).requires_grad_(true);
  const at::Tensor tokens = gather(pixels, places, o);
  (tokens * weights.to(device)).sum().backward();
  return {tokens, pixels.grad(), places.grad()};
}

/// Landmarks inside, across borders, on whole pixels, and far away.
at::Tensor places_in(int64_t batch, int64_t count, int64_t size) {
  at::Tensor places = torch::rand({batch, count, 2}) * static_cast<double>(size + 12) - 6;
  places.slice(1, 0, 4).round_();
  places[0][4][0] = -1e9;
  places[0][5][1] = INFINITY;
  return places;
}

}  // namespace

TEST_CASE("gpu patches: tokens and gradients are the processor's, for every layout, size and number of landmarks") {
  if (!test::gpu_ready()) return;
  torch::manual_seed(21);
  for (const nn::PatchGather& o : {nn::PatchGather{8, true, false}, nn::PatchGather{8, false, true}, nn::PatchGather{5, true, true}}) {
    for (const int64_t count : {7, 196, 300}) {
      CAPTURE(o.patch);
      CAPTURE(count);
      const at::Tensor images = torch::randn({3, 3, 48, 48}), places = places_in(3, count, 48);
      const at::Tensor weights = torch::randn({3, count, o.patch * o.patch * 3});
      const Gathered here = gathered(nn::gather_patches, images, places, weights, o, at::kCPU);
      const Gathered there = gathered(nn::gather_patches, images, places, weights, o, at::kCUDA);
      CHECK(test::difference(there.tokens, here.tokens) < 1e-6);
      CHECK(test::difference(there.of_images, here.of_images) < 1e-5 * test::largest_of(here.of_images));
      CHECK(test::difference(there.of_landmarks, here.of_landmarks) < 1e-5 * test::largest_of(here.of_landmarks));
    }
  }
}

TEST_CASE("gpu patches: agree with grid_sample on the GPU within its rounding") {
  if (!test::gpu_ready()) return;
  torch::manual_seed(22);
  const at::Tensor images = torch::randn({4, 3, 112, 112}), places = torch::rand({4, 196, 2}) * 111, weights = torch::randn({4, 196, 192});
  const Gathered ours = gathered(nn::gather_patches, images, places, weights, {}, at::kCUDA);
  const Gathered plain = gathered(nn::gather_patches_by_grid_sample, images, places, weights, {}, at::kCUDA);
  CHECK(test::difference(ours.tokens, plain.tokens) < 1e-4);
  CHECK(test::difference(ours.of_images, plain.of_images) < 1e-4 * test::largest_of(plain.of_images));
}

TEST_CASE("gpu patches: repeat themselves to the bit") {
  if (!test::gpu_ready()) return;
  torch::manual_seed(23);
  const at::Tensor images = torch::randn({4, 3, 112, 112}), places = places_in(4, 196, 112), weights = torch::randn({4, 196, 192});
  const Gathered one = gathered(nn::gather_patches, images, places, weights, {}, at::kCUDA);
  const Gathered two = gathered(nn::gather_patches, images, places, weights, {}, at::kCUDA);
  CHECK(at::equal(one.tokens, two.tokens));
  CHECK(at::equal(one.of_images, two.of_images));
  CHECK(at::equal(one.of_landmarks, two.of_landmarks));
}

TEST_CASE("gpu patches: half images give half tokens, a landmark that is not a number shows, and no pictures are no tokens") {
  if (!test::gpu_ready()) return;
  const at::Tensor places = torch::tensor({8.0f, NAN, 8.0f, 8.0f}).view({1, 2, 2}).to(at::kCUDA);
  const at::Tensor tokens = nn::gather_patches(torch::ones({1, 3, 16, 16}).to(at::kCUDA, at::kBFloat16), places, {});
  CHECK((tokens.scalar_type() == at::kBFloat16));
  CHECK(tokens[0][0].isnan().all().item<bool>());
  CHECK(tokens[0][1].isfinite().all().item<bool>());
  const at::Tensor none = nn::gather_patches(torch::ones({0, 3, 16, 16}).to(at::kCUDA), torch::ones({0, 5, 2}).to(at::kCUDA), {});
  CHECK(none.sizes().vec() == std::vector<int64_t>{0, 5, 192});
}
