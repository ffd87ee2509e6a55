#include <string>

#include <doctest/doctest.h>
#include <torch/types.h>

#include "nn/models/patch_gather.h"
#include "support/golden.h"

// Sampling at landmarks, by the LAFS reference (golden README, set 3): values 3e-5, gradients 3e-5 of the tensor's largest.
TEST_SUITE("patch_extract") {
  namespace {  // suites of several files share a name of doctest's making
  using namespace lafs;

  using Gather = at::Tensor (*)(const at::Tensor&, const at::Tensor&, const nn::PatchGather&);

  void compare(Gather gather, const test::Tensors& golden, const std::string& name, const nn::PatchGather& options) {
    CAPTURE(name);
    const at::Tensor images = test::scaled_pixels(golden.at(name + ".image_u8")).to(test::input_type()).requires_grad_(true);
    const at::Tensor landmarks = golden.at(name + ".landmarks").clone().requires_grad_(true);
    const double values = test::limit(3e-5, 8e-3), gradients = test::limit(3e-5, 1.2e-2);
    const at::Tensor tokens = gather(images, landmarks, options);
    CHECK(test::max_error(tokens, golden.at(name + ".tokens")) < values);
    const at::Tensor tiled = nn::mosaic(tokens, options.patch, images.size(1));
    if (golden.contains(name + ".mosaic")) CHECK(test::max_error(tiled, golden.at(name + ".mosaic")) < values);
    (tiled * golden.at(name + ".R_mosaic")).sum().backward();
    const at::Tensor comparable = golden.at(name + ".grad_comparable").to(at::kFloat);
    CHECK(comparable.sum().item<double>() > 0);
    CHECK(test::relative_error(landmarks.grad() * comparable, golden.at(name + ".grad_landmarks") * comparable) < gradients);
    if (golden.contains(name + ".grad_image")) CHECK(test::relative_error(images.grad(), golden.at(name + ".grad_image")) < gradients);
  }

  TEST_CASE("patch_extract: tokens, mosaics and gradients of raw places, integers, fractions and places outside") {
    if (!test::golden_ready("patch_extract", {"patch_extract.json", "patch_extract.safetensors"})) return;
    const auto golden = test::golden_tensors("patch_extract.safetensors");
    nn::PatchGather options;
    options.patch = test::golden_json("patch_extract.json").at("patch");
    const std::string mark = ".landmarks";
    int compared = 0;
    for (const auto& [tensor, landmarks] : golden) {
      if (!tensor.ends_with(mark)) continue;
      const std::string name = tensor.substr(0, tensor.size() - mark.size());
      compare(nn::gather_patches, golden, name, options);
      compare(nn::gather_patches_by_grid_sample, golden, name, options);
      ++compared;
    }
    CHECK(compared > 0);
  }
  }  // namespace
}
