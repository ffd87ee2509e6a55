#include <memory>
#include <string>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <torch/types.h>

#include "nn/layers/tokens.h"
#include "nn/layers/tree.h"
#include "nn/loss/classifier.h"
#include "nn/models/transformer.h"
#include "support/golden.h"
#include "support/golden_model.h"

// fViT without landmarks, by the LAFS reference (golden README, set 1): forward 1e-5, gradients 1e-5 of the tensor's largest.
TEST_SUITE("fvit_tiny") {
  namespace {  // suites of several files share a name of doctest's making
  using namespace lafs;

  struct Golden {
    nlohmann::json settings = test::golden_json("fvit_tiny.json");
    test::Tensors state = test::golden_tensors("fvit_tiny.state.safetensors"), io = test::golden_tensors("fvit_tiny.io.safetensors");
    at::Tensor images = test::scaled_pixels(io.at("image_u8"));

    std::shared_ptr<Backbone> model(const std::string& pool) const {
      nlohmann::json pooled = settings;
      pooled["pool"] = pool;
      auto made = test::model_from("fvit", pooled);
      test::load_state(*made->module(), state);
      return made;
    }
    std::shared_ptr<Backbone> model() const { return model(settings.at("pool")); }
  };

  bool ready(std::initializer_list<std::string> more = {}) {
    return test::golden_ready("fvit_tiny", {"fvit_tiny.json", "fvit_tiny.state.safetensors", "fvit_tiny.io.safetensors"}) &&
           (more.size() == 0 || test::golden_ready("fvit_tiny", more));
  }

  TEST_CASE("fvit_tiny: embeddings of pictures, mirrored ones, small ones and tokens") {
    if (!ready()) return;
    const at::NoGradGuard no_grad;
    const Golden g;
    const auto model = g.model();
    CHECK(test::max_error(model->forward(g.images, {}), g.io.at("embedding")) < 1e-5);
    CHECK(test::max_error(model->forward(g.images, {}), g.io.at("embedding_out")) < 1e-5);
    CHECK(test::max_error(model->forward(g.images.flip(3), {}), g.io.at("embedding_mirrored")) < 1e-5);
    const auto [small, side] = test::small_pictures(g.io);
    CHECK(test::max_error(model->forward(test::scaled_pixels(small), {}), g.io.at(fmt::format("embedding_{}px", side))) < 1e-5);
    const at::Tensor tokens = nn::cut_tokens(g.images, g.settings.at("patch"));
    CHECK(test::max_error(tokens.slice(0, 0, g.io.at("tokens").size(0)), g.io.at("tokens")) == 0);
    const at::Tensor from_tokens = dynamic_cast<Tokenised&>(*model).forward_tokens(tokens, {}, {});
    CHECK(test::max_error(from_tokens, g.io.at("embedding_from_tokens")) < 1e-5);
    CHECK(test::max_error(g.model("mean")->forward(g.images, {}), g.io.at("embedding_mean_pool")) < 1e-5);
  }

  TEST_CASE("fvit_tiny: flip sums in both ranges of pixels") {
    if (!ready()) return;
    const at::NoGradGuard no_grad;
    const Golden g;
    const auto model = g.model();
    const auto unit_sum = [&](const at::Tensor& images) {
      const at::Tensor sum = model->forward(images, {}) + model->forward(images.flip(3), {});
      return sum / sum.norm(2, {1}, true);
    };
    CHECK(test::max_error(unit_sum(g.images), g.io.at("flip_sum_unit")) < 1e-5);
    const at::Tensor half_range = g.io.at("image_u8").to(at::kFloat) / 255 - 0.5;
    CHECK(test::max_error(unit_sum(half_range), g.io.at("flip_sum_unit_eval_range")) < 1e-5);
  }

  TEST_CASE("fvit_tiny: small inputs show the eps of the norms") {
    if (!ready()) return;
    const at::NoGradGuard no_grad;
    const Golden g;
    const auto model = g.model();
    for (const auto& [name, tensor] : nn::state_of(*model->module())) {
      if (name == "pos_embedding" || name == "cls_token" || name.starts_with("patch_to_embedding.")) tensor.mul_(0.01);
    }
    CHECK(test::max_error(model->forward(g.images, {}), g.io.at("embedding_small_scale")) < 1e-5);
  }

  TEST_CASE("fvit_tiny: the sequence, each block and its attention") {
    if (!ready()) return;
    const at::NoGradGuard no_grad;
    const Golden g;
    const auto model = g.model();
    const at::Tensor first = g.images.slice(0, 0, g.io.at("tokens").size(0));
    at::Tensor x = at::linear(g.io.at("tokens"), g.state.at("patch_to_embedding.weight"), g.state.at("patch_to_embedding.bias"));
    x = at::cat({g.state.at("cls_token").expand({x.size(0), -1, -1}), x}, 1) + g.state.at("pos_embedding");
    CHECK(test::max_error(x, g.io.at("sequence_in")) < 1e-5);
    const auto attention = dynamic_cast<Attentive&>(*model).attention(first);
    const int64_t depth = g.settings.at("depth");
    CHECK(static_cast<int64_t>(attention.size()) == depth);
    for (int64_t l = 0; l < depth; ++l) {
      CAPTURE(l);
      const auto block = std::dynamic_pointer_cast<nn::Block>(nn::submodule(*model->module(), fmt::format("transformer.layers.{}", l)));
      REQUIRE(block);
      const std::string name = fmt::format("block{}.", l);
      x = block->self_attention(x, {});
      CHECK(test::max_error(x, g.io.at(name + "after_attention")) < 1e-5);
      x = block->feed_forward(x, {});
      CHECK(test::max_error(x, g.io.at(name + "out")) < 1e-5);
      CHECK(test::max_error(attention[static_cast<size_t>(l)].select(2, 0), g.io.at(name + "attention_cls_row")) < 1e-5);
    }
    const at::Tensor classes = dynamic_cast<Attentive&>(*model).class_tokens(first, 1);
    CHECK(test::max_error(classes.select(1, 0), g.io.at("embedding_out").slice(0, 0, first.size(0))) < 1e-5);
  }

  TEST_CASE("fvit_tiny: logits of the class head with labels") {
    if (!ready()) return;
    const at::NoGradGuard no_grad;
    const Golden g;
    const std::string text = g.settings.at("head");
    const auto head = test::make<Head>(
        "cosface", fmt::format("scale = {}\nmargin = {}", test::number_after(text, "s="), test::number_after(text, "m=")), int64_t{1});
    nn::Classifier::Options options;
    options.classes = g.settings.at("num_class");
    options.width = g.settings.at("dim");
    nn::Classifier classifier(options);
    classifier.weight.copy_(g.state.at("loss.weight"));
    nn::Targets targets;
    targets.label_a = g.io.at("labels");
    const at::Tensor logits = classifier.logits(g.model()->forward(g.images, {}), targets, *head, {});
    CHECK(test::max_error(logits, g.io.at("logits_with_labels")) < 1e-4);  // the heads' limit: these are 64 times a cosine
  }

  TEST_CASE("fvit_tiny: gradients of every parameter and of the picture") {
    if (!ready({"fvit_tiny.grads.safetensors"})) return;
    const Golden g;
    const auto grads = test::golden_tensors("fvit_tiny.grads.safetensors");
    const auto model = g.model();
    const at::Tensor images = g.images.clone().requires_grad_(true);
    const at::Tensor loss = (model->forward(images, {}) * g.io.at("R")).sum();
    CHECK(test::max_error(loss, g.io.at("loss")) < 1e-4);  // a sum of 2 D products
    loss.backward();
    size_t compared = 0;
    for (const auto& [name, tensor] : nn::parameters_of(*model->module())) {
      CAPTURE(name);
      const auto golden = grads.find(name);
      CHECK(tensor.grad().defined() == (golden != grads.end()));
      if (golden == grads.end() || !tensor.grad().defined()) continue;
      CHECK(test::relative_error(tensor.grad(), golden->second) < 1e-5);
      ++compared;
    }
    CHECK(compared == grads.size());
    const at::Tensor golden_input = g.io.at("grad_input");
    CHECK(test::relative_error(images.grad().slice(0, 0, golden_input.size(0)), golden_input) < 1e-5);
  }
  }  // namespace
}
