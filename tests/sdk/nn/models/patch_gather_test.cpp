#include "nn/models/patch_gather.h"

#include <cmath>
#include <string>
#include <vector>

#include <ATen/Parallel.h>
#include <doctest/doctest.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "nn/layers/tokens.h"

using namespace lafs;
using namespace lafs::nn;

namespace {

/// Numbers in [-1, 1) that look like noise, the same at every run.
at::Tensor patch_noise(const std::vector<int64_t>& shape, double seed) {
  at::Tensor out = at::empty(shape, at::kDouble);
  auto* data = out.mutable_data_ptr<double>();
  for (int64_t i = 0; i < out.numel(); ++i)
    data[i] = std::sin(seed + 1.7 * static_cast<double>(i) + 0.01 * static_cast<double>(i * i % 977));
  return out;
}

std::vector<PatchGather> all_readings() {
  std::vector<PatchGather> all;
  for (const bool transposed : {false, true}) {
    for (const bool centred : {false, true}) all.push_back({4, transposed, centred});
  }
  return all;
}

/// Landmarks of pictures of 20 pixels: inside, across each border, and far away.
at::Tensor some_places() {
  return at::tensor({7.3,  9.6,  0.2,  3.1,  19.4, 11.7, 10.3, -1.4, 8.8,   20.9, -2.2, -1.7,
                     21.6, 22.3, 90.0, 10.0, 5.0,  -1e9, 10.0, 6.0,  10.25, 6.75, -2.6, 22.4},
                    at::kDouble)
      .view({2, 6, 2});
}

at::Tensor by_definition(const at::Tensor& images, const at::Tensor& landmarks, const PatchGather& o) {
  const int64_t size = images.size(2), c = images.size(1), p = o.patch;
  const auto pixel = [&](int64_t b, int64_t k, int64_t y, int64_t x) {
    return x < 0 || y < 0 || x >= size || y >= size ? 0.0 : images[b][k][y][x].item<double>();
  };
  at::Tensor out = at::zeros({images.size(0), landmarks.size(1), p, p, c}, at::kDouble);
  for (int64_t b = 0; b < images.size(0); ++b) {
    for (int64_t n = 0; n < landmarks.size(1); ++n) {
      for (int64_t i = 0; i < p; ++i) {
        for (int64_t j = 0; j < p; ++j) {
          const double shift = static_cast<double>(p) / 2 + (o.centred ? -0.5 : 0.5);
          const double x = landmarks[b][n][0].item<double>() + static_cast<double>(o.transposed ? i : j) - shift;
          const double y = landmarks[b][n][1].item<double>() + static_cast<double>(o.transposed ? j : i) - shift;
          const double fx = x - std::floor(x), fy = y - std::floor(y);
          const auto left = static_cast<int64_t>(std::floor(x)), top = static_cast<int64_t>(std::floor(y));
          for (int64_t k = 0; k < c; ++k) {
            out[b][n][i][j][k] = (1 - fy) * ((1 - fx) * pixel(b, k, top, left) + fx * pixel(b, k, top, left + 1)) +
                                 fy * ((1 - fx) * pixel(b, k, top + 1, left) + fx * pixel(b, k, top + 1, left + 1));
          }
        }
      }
    }
  }
  return out.view({images.size(0), landmarks.size(1), p * p * c});
}

}  // namespace

TEST_CASE("gather_patches: both ways give the bilinear formula in every layout, at and beyond borders") {
  const at::Tensor images = patch_noise({2, 3, 20, 20}, 1), landmarks = some_places();
  for (const PatchGather& reading : all_readings()) {
    CAPTURE(reading.transposed);
    CAPTURE(reading.centred);
    const at::Tensor expected = by_definition(images, landmarks, reading);
    CHECK(expected.abs().max().item<double>() > 0.5);
    CHECK(at::allclose(gather_patches(images, landmarks, reading), expected, 1e-12, 1e-12));
    CHECK(at::allclose(gather_patches_by_grid_sample(images, landmarks, reading), expected, 1e-9, 1e-9));
  }
}

TEST_CASE("gather_patches: landmarks at 4.5 + 8k give the raw patches, transposed as published") {
  const at::Tensor images = patch_noise({1, 3, 32, 32}, 2).to(at::kFloat);
  std::vector<float> places;
  for (int y = 0; y < 4; ++y) {
    for (int x = 0; x < 4; ++x) places.insert(places.end(), {4.5f + 8 * x, 4.5f + 8 * y});
  }
  const at::Tensor landmarks = at::tensor(places).view({1, 16, 2}), cut = cut_tokens(images, 8);
  CHECK(at::equal(gather_patches(images, landmarks, {8, false, false}), cut));
  const at::Tensor published = gather_patches(images, landmarks, {});
  CHECK(at::equal(published.view({1, 16, 8, 8, 3}).transpose(2, 3), cut.view({1, 16, 8, 8, 3})));
}

TEST_CASE("gather_patches: fp32 agrees with grid_sample, values and gradients, on whole and half pixels too") {
  const at::Tensor pixels = patch_noise({2, 3, 48, 48}, 3).to(at::kFloat);
  at::Tensor places = (patch_noise({2, 40, 2}, 4) * 40 + 20).to(at::kFloat);
  places.slice(1, 0, 10).round_();
  const at::Tensor weights = patch_noise({2, 40, 192}, 5).to(at::kFloat);
  std::vector<at::Tensor> tokens, of_images, of_landmarks;
  for (const auto gather : {&gather_patches, &gather_patches_by_grid_sample}) {
    const at::Tensor images = pixels.clone().requires_grad_(true), landmarks = places.clone().requires_grad_(true);
    tokens.push_back(gather(images, landmarks, {}));
    (tokens.back() * weights).sum().backward();
    of_images.push_back(images.grad());
    of_landmarks.push_back(landmarks.grad());
  }
  CHECK(at::allclose(tokens[0], tokens[1], 0, 3e-5));
  CHECK(at::allclose(of_images[0], of_images[1], 0, 1e-4));
  CHECK(at::allclose(of_landmarks[0], of_landmarks[1], 1e-4, 1e-3));
}

TEST_CASE("gather_patches: gradients are those of finite differences") {
  for (const PatchGather& reading : all_readings()) {
    const at::Tensor images = patch_noise({2, 2, 20, 20}, 6).requires_grad_(true), landmarks = some_places().requires_grad_(true);
    const at::Tensor weights = patch_noise({2, 6, 32}, 7);
    const auto loss = [&](const at::Tensor& i, const at::Tensor& l) { return (gather_patches(i, l, reading) * weights).sum(); };
    loss(images, landmarks).backward();
    const at::NoGradGuard no_grad;
    for (const auto& [tensor, other] : {std::pair{images, false}, std::pair{landmarks, true}}) {
      const at::Tensor flat = tensor.detach().clone().flatten();
      for (int64_t i = 0; i < flat.numel(); i += other ? 1 : 61) {
        const auto moved = [&](double step) {
          at::Tensor copy = flat.clone();
          copy[i] += step;
          return (other ? loss(images, copy.view_as(tensor)) : loss(copy.view_as(tensor), landmarks)).item<double>();
        };
        const double expected = (moved(1e-6) - moved(-1e-6)) / 2e-6;
        CHECK(tensor.grad().flatten()[i].item<double>() == doctest::Approx(expected).epsilon(1e-5));
      }
    }
  }
}

TEST_CASE("gather_patches: only what asks gets a gradient, and nothing is recorded where nothing asks") {
  const at::Tensor images = patch_noise({1, 3, 16, 16}, 8).to(at::kFloat), landmarks = at::full({1, 2, 2}, 8.25f);
  CHECK_FALSE(gather_patches(images, landmarks, {}).requires_grad());
  const at::Tensor asking = landmarks.clone().requires_grad_(true);
  gather_patches(images, asking, {}).sum().backward();
  CHECK(asking.grad().defined());
  CHECK_FALSE(images.grad().defined());
  const at::NoGradGuard no_grad;
  CHECK_FALSE(gather_patches(images, asking, {}).requires_grad());
}

TEST_CASE("gather_patches: half images give half tokens and take a half gradient") {
  const at::Tensor images = patch_noise({1, 3, 16, 16}, 9).to(at::kBFloat16).requires_grad_(true);
  const at::Tensor landmarks = at::full({1, 2, 2}, 7.3f);
  const at::Tensor tokens = gather_patches(images, landmarks, {});
  CHECK((tokens.scalar_type() == at::kBFloat16));
  const at::Tensor wide = gather_patches(images.detach().to(at::kFloat), landmarks, {});
  CHECK(at::equal(tokens.detach(), wide.to(at::kBFloat16)));
  tokens.sum().backward();
  CHECK((images.grad().scalar_type() == at::kBFloat16));
}

TEST_CASE("gather_patches: the number of threads changes no bit") {
  const at::Tensor pixels = patch_noise({5, 3, 24, 24}, 10).to(at::kFloat), places = (patch_noise({5, 9, 2}, 11) * 14 + 12).to(at::kFloat);
  const int threads = at::get_num_threads();
  std::vector<at::Tensor> results;
  for (const int count : {1, 3}) {
    at::set_num_threads(count);
    const at::Tensor images = pixels.clone().requires_grad_(true), landmarks = places.clone().requires_grad_(true);
    const at::Tensor tokens = gather_patches(images, landmarks, {});
    tokens.square().sum().backward();
    results.push_back(at::cat({tokens.detach().flatten(), images.grad().flatten(), landmarks.grad().flatten()}));
  }
  at::set_num_threads(threads);
  CHECK(at::equal(results[0], results[1]));
}

TEST_CASE("gather_patches: a landmark that is not a number shows, and no pictures are no tokens") {
  const at::Tensor images = at::ones({1, 3, 16, 16});
  const at::Tensor tokens = gather_patches(images, at::tensor({8.0f, NAN, 8.0f, 8.0f}).view({1, 2, 2}), {});
  CHECK(at::isnan(tokens[0][0]).all().item<bool>());
  CHECK(at::isfinite(tokens[0][1]).all().item<bool>());
  CHECK(gather_patches(at::ones({0, 3, 16, 16}), at::ones({0, 5, 2}), {}).sizes().vec() == std::vector<int64_t>{0, 5, 192});
}

TEST_CASE("gather_patches: wrong shapes are reported") {
  const at::Tensor images = at::zeros({2, 3, 16, 16}), landmarks = at::zeros({2, 4, 2});
  CHECK_THROWS_WITH_AS(gather_patches(at::zeros({3, 16, 16}), landmarks, {}), "\"images\" has shape [3, 16, 16], not 4 dimensions", Error);
  CHECK_THROWS_WITH_AS(gather_patches(at::zeros({2, 3, 16, 24}), landmarks, {}),
                       "\"images\" has 16 x 24 pixels; landmarks need square images", Error);
  CHECK_THROWS_WITH_AS(gather_patches(images, at::zeros({1, 4, 2}), {}), "\"landmarks\" has 1 rows, \"images\" 2", Error);
  CHECK_THROWS_WITH_AS(gather_patches(images, at::zeros({2, 4, 3}), {}), "\"landmarks\" has 3 coordinates a landmark, not 2", Error);
}

TEST_CASE("mosaic: is what cut_tokens cuts") {
  const at::Tensor images = patch_noise({2, 3, 24, 24}, 12);
  CHECK(at::equal(mosaic(cut_tokens(images, 8), 8, 3), images));
  CHECK_THROWS_WITH_AS(mosaic(at::zeros({1, 5, 192}), 8, 3), "\"tokens\" has 5 tokens, not a square number", Error);
  CHECK_THROWS_WITH_AS(mosaic(at::zeros({1, 4, 191}), 8, 3), "\"tokens\" has 191 numbers a token, not 192", Error);
}
