#include <algorithm>
#include <cmath>
#include <memory>
#include <string>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <torch/types.h>

#include "nn/layers/function.h"
#include "nn/layers/tree.h"
#include "nn/models/landmark_cnn.h"
#include "nn/models/patch_gather.h"
#include "nn/models/transformer.h"
#include "support/golden.h"
#include "support/golden_model.h"

// Part-fViT with the full-size landmark CNN, by the LAFS reference (golden README, set 2), within its limits.
TEST_SUITE("part_fvit_tiny") {
  namespace {  // suites of several files share a name of doctest's making
  using namespace lafs;

  struct Golden {
    nlohmann::json settings = test::golden_json("part_fvit_tiny.json");
    test::Tensors state = test::golden_tensors("part_fvit_tiny.state.safetensors");

    std::shared_ptr<Backbone> model() const {
      auto made = test::model_from("part_fvit", settings);
      test::load_state(*made->module(), state);
      return made;
    }
    nn::PatchGather gather() const {
      nn::PatchGather options;
      options.patch = settings.at("patch");
      return options;
    }
  };

  bool ready(const std::string& file) {
    return test::golden_ready("part_fvit_tiny", {"part_fvit_tiny.json", "part_fvit_tiny.state.safetensors", file});
  }

  /// The network taken apart, from the CNN to the loss, with the gradients of what lies between.
  struct Parts {
    at::Tensor trunk, raw, theta, tokens, loss;

    Parts(Backbone& model, const at::Tensor& images, const at::Tensor& R, const nn::PatchGather& gather, const Pass& pass) {
      auto& root = *model.module();
      {
        const nn::AutocastOff off;  // as the network does
        trunk = std::dynamic_pointer_cast<nn::LandmarkTrunk>(nn::submodule(root, "stn"))->forward(images, pass);
        raw = std::dynamic_pointer_cast<nn::Linear>(nn::submodule(root, "output_layer.1"))->forward(trunk.mean({2, 3}));
      }
      raw.retain_grad();
      theta = nn::stretched_landmarks(raw, 111, "joint");
      theta.retain_grad();
      tokens = nn::gather_patches(images, theta, gather);
      loss = (dynamic_cast<Tokenised&>(model).forward_tokens(tokens, {}, pass) * R).sum();
    }
  };

  double relative_l2(const at::Tensor& ours, const at::Tensor& golden) {
    const at::Tensor wide = golden.to(at::kDouble);
    return (ours.detach().to(at::kDouble) - wide).norm().item<double>() / std::max(wide.norm().item<double>(), 1e-300);
  }

  /// Relative L2 error of a tensor of which norm, sum and samples are known; that of the sum is judged beside the norm of all elements.
  double digest_error(const at::Tensor& ours, const at::Tensor& stat, const at::Tensor& sample) {
    const at::Tensor flat = ours.detach().flatten().to(at::kDouble);
    const int64_t n = flat.numel(), s = sample.numel();
    const at::Tensor chosen = flat.index_select(0, at::floor_divide(at::arange(s, flat.options().dtype(at::kLong)) * n, s));
    const double norm = stat[0].item<double>(), share = std::sqrt(static_cast<double>(s) / static_cast<double>(n));
    const double by_norm = std::abs(flat.norm().item<double>() - norm) / norm;
    const double by_sum = std::abs(flat.sum().item<double>() - stat[1].item<double>()) / (norm * std::sqrt(static_cast<double>(n)));
    return std::max({by_norm, by_sum, (chosen - sample.to(at::kDouble)).norm().item<double>() / (norm * share)});
  }

  /// The largest error over all parameters, those of the CNN's trunk and the others; golden names carry `prefix`.
  struct Errors {
    double trunk = 0, others = 0;

    Errors(const torch::nn::Module& root, const test::Tensors& golden, const std::string& prefix) {
      int64_t tensors = 0;
      for (const auto& [name, parameter] : nn::parameters_of(root)) {
        const std::string key = prefix + name;
        const bool whole = golden.contains(key), digest = golden.contains(key + "::stat");
        CAPTURE(name);
        CHECK(parameter.grad().defined() == (whole || digest));
        if (!parameter.grad().defined() || (!whole && !digest)) continue;
        tensors += digest ? 2 : 1;
        // A shift that the next normalisation takes away has no gradient but what rounding leaves.
        if (digest && golden.at(key + "::stat")[0].item<double>() < 1e-5) {
          CHECK(parameter.grad().norm().item<double>() < 1e-4);
          continue;
        }
        const double error = whole ? relative_l2(parameter.grad(), golden.at(key))
                                   : digest_error(parameter.grad(), golden.at(key + "::stat"), golden.at(key + "::sample"));
        double& largest = name.starts_with("stn.") ? trunk : others;
        largest = std::max(largest, error);
      }
      CHECK(tensors > 0);
      CHECK(tensors == std::count_if(golden.begin(), golden.end(), [&](const auto& item) { return item.first.starts_with(prefix); }));
    }
  };

  TEST_CASE("part_fvit_tiny: landmarks, tokens, blocks and embeddings") {
    if (!ready("part_fvit_tiny.io.safetensors")) return;
    const test::Precision precision;
    const Golden g;
    const auto io = test::golden_tensors("part_fvit_tiny.io.safetensors");
    const auto model = g.model();
    const at::Tensor images = test::scaled_pixels(io.at("image_u8"));
    Parts parts(*model, images, io.at("R"), g.gather(), {});
    CHECK(test::max_error(parts.trunk, io.at("stn_out")) < 1e-4);
    CHECK(test::max_error(parts.raw, io.at("landmark_raw")) < 1e-5);
    CHECK(test::max_error(parts.theta, io.at("theta")) < 5e-4);
    const at::Tensor tokens = parts.tokens.slice(0, 0, io.at("tokens").size(0));
    CHECK(test::max_error(tokens, io.at("tokens")) < 5e-4);
    parts.loss.backward();
    CHECK(relative_l2(parts.theta.grad(), io.at("grad_theta")) < test::limit(5e-5, 0.1));
    CHECK(relative_l2(parts.raw.grad(), io.at("grad_landmark_raw")) < test::limit(5e-5, 0.1));

    const at::NoGradGuard no_grad;
    CHECK(test::max_error(dynamic_cast<Landmarked&>(*model).landmarks(images, {}), io.at("theta")) < 5e-4);
    CHECK(test::max_error(model->forward(images, {}), io.at("embedding")) < test::limit(1e-5, 1e-2));
    at::Tensor x = at::linear(tokens, g.state.at("patch_to_embedding.weight"), g.state.at("patch_to_embedding.bias"));
    x = at::cat({g.state.at("cls_token").expand({x.size(0), -1, -1}), x}, 1) + g.state.at("pos_embedding");
    CHECK(test::max_error(x, io.at("sequence_in")) < test::limit(5e-4, 5e-2));
    for (int64_t l = 0; l < g.settings.at("depth").get<int64_t>(); ++l) {
      x = std::dynamic_pointer_cast<nn::Block>(nn::submodule(*model->module(), fmt::format("transformer.layers.{}", l)))->forward(x, {});
      CHECK(test::max_error(x, io.at(fmt::format("block{}.out", l))) < test::limit(5e-4, 0.1));
    }
  }

  TEST_CASE("part_fvit_tiny: gradients of every parameter, the CNN's among them") {
    if (!ready("part_fvit_tiny.io.safetensors") || !test::golden_ready("part_fvit_tiny", {"part_fvit_tiny.grads.safetensors"})) return;
    const test::Precision precision;
    const Golden g;
    const auto io = test::golden_tensors("part_fvit_tiny.io.safetensors");
    const auto model = g.model();
    const at::Tensor loss = (model->forward(test::scaled_pixels(io.at("image_u8")), {}) * io.at("R")).sum();
    CHECK(test::max_error(loss, io.at("loss")) < test::limit(1e-4, 0.06));  // a sum of 2 D products
    loss.backward();
    const Errors errors(*model->module(), test::golden_tensors("part_fvit_tiny.grads.safetensors"), "");
    MESSAGE("relative L2: transformer and output_layer ", errors.others, ", stn ", errors.trunk);
    CHECK(errors.others < test::limit(5e-5, 0.03));
    CHECK(errors.trunk < test::limit(3e-2, 0.15));
  }

  TEST_CASE("part_fvit_tiny: a training pass normalises by the batch and moves the running statistics") {
    if (!ready("part_fvit_tiny.train_mode.safetensors")) return;
    const test::Precision precision;
    // Normalising by three pictures magnifies the order of every sum.
    const double room = test::device().is_cpu() && !test::in_bf16() ? 1 : 10;
    const Golden g;
    const auto golden = test::golden_tensors("part_fvit_tiny.train_mode.safetensors");
    const auto model = g.model();
    const at::Tensor images = test::scaled_pixels(golden.at("io/image_u8"));
    const at::Tensor embedding = model->forward(images, {true, nullptr});
    CHECK(test::max_error(embedding, golden.at("io/embedding")) < test::limit(room * 1e-4, 1e-2));
    int64_t compared = 0;
    for (const auto& [name, tensor] : nn::state_of(*model->module())) {
      const auto after = golden.find("bn_after/" + name);
      if (after == golden.end()) continue;
      CAPTURE(name);
      CHECK(test::max_error(tensor, after->second) < room * 1e-5);
      ++compared;
    }
    CHECK(compared > 0);
    CHECK(compared == std::count_if(golden.begin(), golden.end(), [](const auto& item) { return item.first.starts_with("bn_after/"); }));
    (embedding * golden.at("io/R")).sum().backward();
    const Errors errors(*model->module(), golden, "grad/");
    MESSAGE("relative L2: transformer and output_layer ", errors.others, ", stn ", errors.trunk);
    CHECK(errors.others < room * 1e-2);
    CHECK(errors.trunk < room * 3e-2);

    const auto fresh = g.model();
    Parts parts(*fresh, images, golden.at("io/R"), g.gather(), {true, nullptr});
    CHECK(test::max_error(parts.trunk, golden.at("io/stn_out")) < room * 1e-3);
    CHECK(test::max_error(parts.raw, golden.at("io/landmark_raw")) < room * 2e-4);
    CHECK(test::max_error(parts.theta, golden.at("io/theta")) < room * 5e-3);
    CHECK(test::max_error(parts.loss, golden.at("io/loss")) < test::limit(room * 1e-3, 0.1));
    parts.loss.backward();
    CHECK(relative_l2(parts.theta.grad(), golden.at("io/grad_theta")) < room * 1e-2);
    CHECK(relative_l2(parts.raw.grad(), golden.at("io/grad_landmark_raw")) < room * 1e-2);
  }
  }  // namespace
}
