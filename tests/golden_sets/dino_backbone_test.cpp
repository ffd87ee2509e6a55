#include <algorithm>
#include <cctype>
#include <cstdint>
#include <memory>
#include <string>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/backbone.h"
#include "lafs/error.h"
#include "nn/layers/tree.h"
#include "support/golden.h"
#include "support/golden_model.h"

// DINO's transformer on global and local views (golden README, set 5, dino_step.backbone): forward 1e-5.
TEST_SUITE("dino_backbone") {
  namespace {
  using namespace lafs;

  struct GoldenVit {
    nlohmann::json settings = test::golden_json("dino_step.json");
    test::Tensors init = test::golden_tensors("dino_step.init.safetensors"), inputs = test::golden_tensors("dino_step.inputs.safetensors"),
                  results = test::golden_tensors("dino_step.backbone.safetensors");
    std::shared_ptr<Backbone> model;

    GoldenVit() {
      model = test::model_from("vit", settings);
      const at::NoGradGuard no_grad;
      for (const auto& [name, tensor] : nn::state_of(*model->module())) {
        at::Tensor(tensor).copy_(init.at(init.contains(name) ? name : "backbone." + name));
      }
    }

    at::Tensor pictures(const char* group) const {
      const at::Tensor mean = torch::tensor({0.485, 0.456, 0.406}).view({3, 1, 1}),
                       std = torch::tensor({0.229, 0.224, 0.225}).view({3, 1, 1});
      return (inputs.at(group)[0][0].to(at::kFloat) / 255 - mean) / std;
    }

    /// The n of the results "last<n>_cls_<side>".
    int64_t last_blocks() const {
      for (const auto& [name, tensor] : results) {
        if (name.starts_with("last") && std::isdigit(static_cast<unsigned char>(name[4]))) return std::stoll(name.substr(4));
      }
      throw Error("no class tokens of the last blocks were recorded");
    }

    /// The largest error for the pictures of a group; results are named by the pictures' side.
    double error(const std::string& prefix, const char* group) const {
      const at::NoGradGuard no_grad;
      const at::Tensor images = pictures(group);
      const int64_t blocks = last_blocks();
      auto& attentive = dynamic_cast<Attentive&>(*model);
      const auto off = [&](const std::string& name, const at::Tensor& ours) {
        return test::max_error(ours, results.at(fmt::format("{}{}_{}", prefix, name, images.size(-1))));
      };
      return std::max({off("feature", model->forward(images, {})),
                       off(fmt::format("last{}_cls", blocks), attentive.class_tokens(images, blocks)),
                       off("last_attention_cls_row", attentive.attention(images).back().select(2, 0))});
    }
  };

  bool vit_ready() {
    return test::golden_ready("dino_backbone", {"dino_step.json", "dino_step.init.safetensors", "dino_step.inputs.safetensors",
                                                "dino_step.backbone.safetensors"});
  }

  TEST_CASE("dino_backbone: features, class tokens and attention of global and local views") {
    if (!vit_ready()) return;
    const GoldenVit g;
    const double global = g.error("", "global_u8"), local = g.error("", "local_u8");
    MESSAGE("largest errors: global " << global << ", local " << local);
    CHECK(global < 1e-5);
    CHECK(local < 1e-5);
  }

  TEST_CASE("dino_backbone: small inputs show the eps of the norms") {
    if (!vit_ready()) return;
    const GoldenVit g;
    {
      const at::NoGradGuard no_grad;
      for (const char* name : {"patch_embed.proj.weight", "patch_embed.proj.bias", "pos_embed", "cls_token"}) {
        nn::find_tensor(*g.model->module(), name).mul_(0.01);
      }
    }
    const double global = g.error("small_scale.", "global_u8"), local = g.error("small_scale.", "local_u8");
    MESSAGE("largest errors: global " << global << ", local " << local);
    CHECK(global < 1e-5);
    CHECK(local < 1e-5);
  }
  }  // namespace
}
