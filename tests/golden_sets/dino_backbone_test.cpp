#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/backbone.h"
#include "nn/layers/tree.h"
#include "support/front_door.h"
#include "support/golden.h"

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
      const auto number = [&](const char* key) { return settings.at(key).get<int64_t>(); };
      model = test::make<Backbone>("vit",
                                   fmt::format("size = \"custom\"\ndim = {}\ndepth = {}\nheads = {}\npatch = {}\nimg_size = {}\neps = {}\n",
                                               number("embed_dim"), number("depth"), number("heads"), number("patch_size"),
                                               number("img_size"), settings.at("layer_norm_eps").get<double>()),
                                   InputContract());
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

    double error(const std::string& prefix, const std::string& size, const char* group) const {
      const at::NoGradGuard no_grad;
      const at::Tensor images = pictures(group);
      auto& attentive = dynamic_cast<Attentive&>(*model);
      const auto off = [&](const std::string& name, const at::Tensor& ours) {
        return test::max_error(ours, results.at(prefix + name + "_" + size));
      };
      return std::max({off("feature", model->forward(images, {})), off("last2_cls", attentive.class_tokens(images, 2)),
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
    const double global = g.error("", "112", "global_u8"), local = g.error("", "48", "local_u8");
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
    const double global = g.error("small_scale.", "112", "global_u8"), local = g.error("small_scale.", "48", "local_u8");
    MESSAGE("largest errors: global " << global << ", local " << local);
    CHECK(global < 1e-5);
    CHECK(local < 1e-5);
  }
  }  // namespace
}
