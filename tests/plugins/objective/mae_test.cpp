#include <cmath>
#include <memory>
#include <string>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "nn/layers/tokens.h"
#include "nn/layers/tree.h"
#include "nn/train/initial_values.h"
#include "support/error_of.h"
#include "support/training.h"

using namespace lafs;

namespace {

constexpr int64_t pictures = 4, side = 32, patch = 8, patches = 16;

struct MaeTask {
  test::HandAssembly assembly;
  std::shared_ptr<Objective> objective;
  test::HandBatch batch;
  SoloCollective alone;
  test::Remembering reporter;

  explicit MaeTask(const std::string& options = "", const std::string& backbone = "fvit") {
    assembly.contract.height = assembly.contract.width = side;
    assembly.backbone_use = test::use<Backbone>(backbone, backbone == "fvit" ? fvit : backbone == "vit" ? vit : "");
    objective = test::make<Objective>("mae", "decoder_dim = 16\ndecoder_depth = 1\ndecoder_heads = 2\n" + options, assembly);
    nn::initialise(*objective->module(), 4);
    torch::manual_seed(1);
    batch.groups["global"] = torch::randn({1, pictures, 3, side, side});
    batch.identities = torch::arange(pictures, at::kLong);
  }

  /// Without chance the first patches are seen.
  at::Tensor loss(const std::shared_ptr<const Draws>& draws = nullptr) {
    return objective->loss(batch, Step{{}, 0, 1, draws, alone, reporter});
  }
  at::Tensor of(const std::string& name) const { return nn::find_tensor(*objective->module(), name); }
  at::Tensor pixels() const { return nn::cut_tokens(batch.groups.at("global")[0].contiguous(), patch); }  // [B,N,P]

  /// A decoder that says `guess` of every pixel.
  void guess_everywhere(double guess) {
    const at::NoGradGuard no_grad;
    of("decoder.pixels.weight").zero_();
    of("decoder.pixels.bias").fill_(guess);
  }

  static constexpr const char* fvit =
      "dim = 16\ndepth = 2\nheads = 2\ndim_head = 8\nmlp_dim = 16\npatch = 8\ndropout = 0\nemb_dropout = 0\ndrop_path = 0";
  static constexpr const char* vit = "size = \"custom\"\ndim = 16\ndepth = 2\nheads = 2\npatch = 8\nimg_size = 0\ndrop_path = 0";
};

std::shared_ptr<const Draws> draws(uint64_t key) { return std::make_shared<test::HandDraws>(std::vector<int64_t>{0, 1, 2, 3}, key); }

}  // namespace

TEST_CASE("mae: the loss is the mean squared error of the hidden patches alone") {
  MaeTask task("normalise_pixels = false");
  task.guess_everywhere(0.5);
  const at::Tensor hidden = task.pixels().slice(1, 4);  // a quarter of 16 patches is seen
  CHECK(task.loss().item<double>() == doctest::Approx((hidden - 0.5).square().mean().item<double>()).epsilon(1e-6));
  task.batch.groups["global"].slice(3, 0, patch).add_(3);  // the first row of patches, which is seen
  CHECK(task.loss().item<double>() == doctest::Approx((hidden - 0.5).square().mean().item<double>()).epsilon(1e-6));
}

TEST_CASE("mae: normalised pixels of a patch have mean 0 and the unbiased deviation 1") {
  MaeTask task;
  task.guess_everywhere(0);
  task.batch.groups["global"].mul_(7).add_(3);
  CHECK(task.loss().item<double>() == doctest::Approx(191.0 / 192).epsilon(1e-5));  // of P = 192 numbers
  CHECK(task.reporter.values.at("explained") == doctest::Approx(0).epsilon(1e-5));
}

TEST_CASE("mae: the backbones give class tokens and patches as in forward, and do not see what is hidden") {
  const at::NoGradGuard no_grad;
  for (const char* backbone : {"fvit", "vit"}) {
    CAPTURE(backbone);
    MaeTask task("", backbone);
    at::Tensor images = task.batch.groups["global"][0];
    auto& net = dynamic_cast<Masked&>(*task.objective->module()->named_children()["backbone"]);
    const at::Tensor all = torch::arange(patches, at::kLong).expand({pictures, patches});
    CHECK(at::allclose(net.forward_kept(images, all, {}).select(1, 0), dynamic_cast<Backbone&>(net).forward(images, {}), 1e-5, 1e-6));
    const at::Tensor kept = all.slice(1, 0, 4), seen = net.forward_kept(images, kept, {});
    CHECK_FALSE(at::allclose(seen.slice(1, 1), net.forward_kept(images, kept + 4, {}).slice(1, 1), 1e-3, 1e-3));
    images.slice(2, patch).zero_();
    CHECK(at::equal(seen, net.forward_kept(images, kept, {})));
  }
}

TEST_CASE("mae: the decoder guesses each hidden patch at its own position") {
  MaeTask task("normalise_pixels = false");
  const int64_t chosen = 3;  // the number of a token that every pixel's guess is
  {
    const at::NoGradGuard no_grad;
    for (const char* name : {"attn.proj.weight", "attn.proj.bias", "mlp.fc2.weight", "mlp.fc2.bias"}) {
      task.of(std::string("decoder.blocks.0.") + name).zero_();  // the block passes tokens on
    }
    task.of("decoder.pixels.weight").zero_().select(1, chosen).fill_(1);
    task.of("decoder.pixels.bias").zero_();
  }
  const at::Tensor numbers = torch::arange(patches, at::kFloat).view({1, 1, 4, 1, 4, 1}).expand({pictures, 3, 4, patch, 4, patch});
  task.batch.groups["global"] = numbers.reshape({1, pictures, 3, side, side}).contiguous();  // a patch holds its number
  const at::NoGradGuard no_grad;
  const at::Tensor tokens = task.of("mask_token")[0] + task.of("positions")[0].slice(0, 1);  // [N,16] of hidden patches
  const at::Tensor says = at::layer_norm(tokens, {16}, {}, {}, 1e-6).select(1, chosen);      // [N]
  const at::Tensor hidden = draws(1)->views(1)->permutations("patches", patches).slice(1, 4);
  const at::Tensor wanted = (says.index({hidden}) - hidden.to(at::kFloat)).square().mean();
  CHECK(task.loss(draws(1)).item<double>() == doctest::Approx(wanted.item<double>()).epsilon(1e-5));
}

TEST_CASE("mae: views of another size than the input are an error") {
  for (const int64_t size : {int64_t{24}, int64_t{48}}) {
    MaeTask task;
    task.batch.groups["global"] = torch::randn({1, pictures, 3, size, size});
    CHECK(test::error_of([&] { task.loss(); }) ==
          fmt::format("a view of {0} x {0} pixels has {1} x {1} patches, the input 4 x 4; give views the size of [input]", size, size / 8));
  }
}

TEST_CASE("mae: every picture hides patches of its own, the same for the same draws") {
  MaeTask task("normalise_pixels = false");
  task.guess_everywhere(0);
  at::Tensor& images = task.batch.groups["global"];
  const at::Tensor numbers = torch::arange(patches, at::kFloat).view({1, 1, 4, 1, 4, 1}).expand({pictures, 3, 4, patch, 4, patch});
  images = numbers.reshape({1, pictures, 3, side, side}).contiguous();  // a patch holds its number
  const double first = task.loss(draws(1)).item<double>();
  CHECK(task.loss(draws(1)).item<double>() == first);
  CHECK(task.loss(draws(2)).item<double>() != first);
  const auto of_student = draws(1)->views(1);
  const at::Tensor hidden = of_student->permutations("patches", patches).slice(1, 4);
  CHECK(first == doctest::Approx(hidden.to(at::kDouble).square().mean().item<double>()).epsilon(1e-6));
}

TEST_CASE("mae: a few steps learn what four pictures hide") {
  MaeTask task("normalise_pixels = false\nmask_ratio = 0.5");
  at::Tensor& images = task.batch.groups["global"];
  images = at::upsample_bilinear2d(torch::randn({pictures, 3, 3, 3}), {side, side}, false).unsqueeze(0);
  double first = 0, last = 0;
  for (int step = 0; step < 400; ++step) {
    const at::Tensor loss = task.loss(draws(static_cast<uint64_t>(step % 4)));
    loss.backward();
    last = loss.item<double>();
    if (step == 0) first = last;
    const at::NoGradGuard no_grad;
    for (const auto& [name, parameter] : nn::parameters_of(*task.objective->module())) {
      if (!parameter.grad().defined()) continue;
      parameter.sub_(parameter.grad() * 2);
      parameter.mutable_grad() = at::Tensor();
    }
  }
  CHECK(last < 0.7 * first);
  CHECK(task.reporter.values.at("explained") > 0.2);
}

TEST_CASE("mae: the tree is the backbone and a decoder that is not part of the encoder") {
  const MaeTask task;
  CHECK(task.objective->encoder() == "backbone");
  CHECK(task.of("positions").sizes().vec() == std::vector<int64_t>{1, 1 + patches, 16});
  CHECK(task.of("decoder.pixels.weight").sizes().vec() == std::vector<int64_t>{192, 16});
  CHECK(task.of("decoder.blocks.0.norm1.weight").defined());
  CHECK(task.of("backbone.pos_embedding").defined());
}

TEST_CASE("mae: a backbone that leaves nothing out and impossible sizes are errors") {
  const std::string from = "inline.toml:1:1: error: objective \"mae\": ";
  CHECK(test::error_of([] { const MaeTask task("", "iresnet"); }) == from + "the backbone cannot leave patches out; try \"fvit\", \"vit\"");
  CHECK(test::error_of([] { const MaeTask task("mask_ratio = 0.97"); }) ==
        from + "mask_ratio = 0.97 leaves 0 of the 16 patches of a picture to be seen; at least one must be seen and one hidden");
  CHECK(test::error_of([] {
          MaeTask task;
          test::make<Objective>("mae", "decoder_dim = 18\ndecoder_heads = 2", task.assembly);
        }) == from + "decoder_dim = 18 must be a multiple of 4 and of decoder_heads = 2");
}
