#include <cmath>
#include <memory>
#include <string>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <torch/types.h>

#include "nn/layers/tokens.h"
#include "nn/layers/tree.h"
#include "nn/models/transformer.h"
#include "support/golden.h"
#include "support/golden_model.h"
#include "support/rule_numbers.h"

// One block at the real widths, weights by rule (golden README, set 1b): forward 1e-5, gradient norms 1e-5 relative.
TEST_SUITE("fvit_b_depth1") {
  namespace {  // suites of several files share a name of doctest's making
  using namespace lafs;

  struct Golden {
    nlohmann::json settings = test::golden_json("fvit_b_depth1.json");
    test::Tensors io = test::golden_tensors("fvit_b_depth1.io.safetensors"), inputs = test::golden_tensors("fvit_tiny.io.safetensors");
    std::string salt = settings.at("salt");
    at::Tensor images = test::scaled_pixels(inputs.at("image_u8"));

    std::shared_ptr<Backbone> model() const {
      auto made = test::model_from("fvit", settings);
      test::fill_by_rule(*made->module(), salt);
      return made;
    }
  };

  bool ready() {
    return test::golden_ready("fvit_b_depth1", {"fvit_b_depth1.json", "fvit_b_depth1.io.safetensors", "fvit_b_depth1.grads.safetensors",
                                                "fvit_tiny.io.safetensors"});
  }

  TEST_CASE("fvit_b_depth1: rule numbers have their check values") {
    CHECK(std::abs(test::rule_number("input", 0) - 0.286047245) < 1e-9);
    CHECK(std::abs(test::rule_number("input", 3) - 0.685700674) < 1e-9);
  }

  TEST_CASE("fvit_b_depth1: sequence, block, attention and embeddings") {
    if (!ready()) return;
    const at::NoGradGuard no_grad;
    const Golden g;
    const auto model = g.model();
    const at::Tensor rows = torch::tensor(g.settings.at("sequence_rows_kept").get<std::vector<int64_t>>());
    const auto tensor = [&](const char* name) { return nn::find_tensor(*model->module(), name); };
    const at::Tensor tokens = nn::cut_tokens(g.images, g.settings.at("patch"));
    at::Tensor x = at::linear(tokens, tensor("patch_to_embedding.weight"), tensor("patch_to_embedding.bias"));
    x = at::cat({tensor("cls_token").expand({x.size(0), 1, x.size(2)}), x}, 1) + tensor("pos_embedding");
    CHECK(test::max_error(x.index_select(1, rows), g.io.at("sequence_in")) < 1e-5);
    for (int64_t l = 0; l < g.settings.at("depth").get<int64_t>(); ++l) {
      CAPTURE(l);
      const auto block = std::dynamic_pointer_cast<nn::Block>(nn::submodule(*model->module(), fmt::format("transformer.layers.{}", l)));
      REQUIRE(block);
      const auto golden = [&](const char* name) { return g.io.at(fmt::format("block{}.{}", l, name)); };
      CHECK(test::max_error(block->attention(x).select(2, 0), golden("attention_cls_row")) < 1e-5);
      x = block->self_attention(x, {});
      CHECK(test::max_error(x.index_select(1, rows), golden("after_attention")) < 1e-5);
      x = block->feed_forward(x, {});
      CHECK(test::max_error(x.index_select(1, rows), golden("out")) < 1e-5);
    }
    CHECK(test::max_error(model->forward(g.images, {}), g.io.at("embedding")) < 1e-5);
    const auto [small, side] = test::small_pictures(g.inputs);
    CHECK(test::max_error(model->forward(test::scaled_pixels(small), {}), g.io.at(fmt::format("embedding_{}px", side))) < 1e-5);
  }

  TEST_CASE("fvit_b_depth1: gradients by norm and by sample") {
    if (!ready()) return;
    const Golden g;
    const auto grads = test::golden_tensors("fvit_b_depth1.grads.safetensors");
    const auto model = g.model();
    const at::Tensor embedding = model->forward(g.images, {});
    const at::Tensor r = test::rule_tensor(g.salt + "R", embedding.sizes().vec()).to(at::kFloat);
    const at::Tensor loss = (embedding * r).sum();
    CHECK(test::relative_error(loss, g.io.at("loss")) < 1e-4);  // a sum of 2 D products of either sign
    loss.backward();
    size_t compared = 0;
    for (const auto& [name, parameter] : nn::parameters_of(*model->module())) {
      CAPTURE(name);
      REQUIRE(parameter.grad().defined());
      const at::Tensor flat = parameter.grad().reshape({-1}).to(at::kDouble);
      const at::Tensor stat = grads.at(name + "::stat"), sample = grads.at(name + "::sample");
      const double norm = stat[0].item<double>();
      CHECK(std::abs(flat.norm().item<double>() - norm) < 1e-5 * norm);
      CHECK(std::abs(flat.sum().item<double>() - stat[1].item<double>()) < 1e-5 * norm * std::sqrt(static_cast<double>(flat.numel())));
      const int64_t count = sample.numel();
      const at::Tensor places = torch::arange(count, at::kLong).mul(flat.numel()).div(count, "floor");
      CHECK(test::max_error(flat.index_select(0, places), sample) < 1e-4 * sample.abs().max().item<double>());
      ++compared;
    }
    CHECK(2 * compared == grads.size());
  }
  }  // namespace
}
