#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "nn/layers/tokens.h"
#include "nn/layers/tree.h"
#include "nn/models/patch_gather.h"
#include "nn/train/initial_values.h"
#include "support/front_door.h"
#include "support/rule_numbers.h"
#include "support/training.h"

using namespace lafs;

namespace {

std::shared_ptr<Backbone> small_part_fvit(const std::string& more = "") {
  InputContract input;
  input.height = input.width = 48;
  auto model =
      test::make<Backbone>("part_fvit", "dim = 24\ndepth = 2\nheads = 2\ndim_head = 8\nmlp_dim = 32\nlandmark_span = 47\n" + more, input);
  nn::initialise(*model->module(), 9);
  return model;
}

at::Tensor landmarks_of(Backbone& model, const at::Tensor& images) { return dynamic_cast<Landmarked&>(model).landmarks(images, {}); }

}  // namespace

TEST_CASE("part_fvit: the default model has the reference's 432 keys and 66,955,616 parameters") {
  const auto model = test::make<Backbone>("part_fvit", "", InputContract());
  int64_t count = 0;
  for (const auto& [name, tensor] : nn::parameters_of(*model->module())) count += tensor.numel();
  CHECK(nn::state_of(*model->module()).size() == 432);
  CHECK(count == 66955616);
  CHECK(test::key_list_hash(*model->module()) == 0x362e8c95u);
  CHECK(dynamic_cast<Landmarked&>(*model).landmark_count() == 196);
}

TEST_CASE("part_fvit: the golden rows of tokens and embeddings at full size") {
  const at::NoGradGuard no_grad;
  const auto model = test::make<Backbone>("part_fvit", "", InputContract());
  test::fill_by_rule(*model->module());
  const at::Tensor images = test::rule_tensor("input", {2, 3, 112, 112}).to(at::kFloat);
  const at::Tensor tokens = nn::gather_patches(images.slice(0, 0, 1), landmarks_of(*model, images.slice(0, 0, 1)), {})[0];
  test::check_row(tokens[0], {{0.24149, 0.32346, 0.07191, -0.18381, -0.13517, 0.68551, 0.11579, -0.01896}, 2.27124, 4.87425}, 1e-3);
  test::check_row(tokens[195], {{0.77081, 0.25751, -0.22218, -0.28984, -0.29458, 0.23799, 0.85089, -0.27431}, -7.88031, 5.81061}, 1e-3);
  test::check_row(tokens, {{}, -407.45145, 74.83118}, 1e-3);
  const at::Tensor out = model->forward(images, {});
  test::check_row(out[0], {{1.01394, 0.81037, -0.22973, 0.10261, -0.63212, -0.78814, 0.88630, -0.08271}, 0.53610, 27.87840}, 1e-3);
  test::check_row(out[1], {{0.57242, 0.57886, 0.46792, 0.16764, -1.14419, -0.53762, 0.77396, 0.65152}, 0.45079, 27.83749}, 1e-3);
}

TEST_CASE("part_fvit: forward is forward_tokens on the patches of its landmarks, read as the quirks say") {
  const at::NoGradGuard no_grad;
  const at::Tensor images = test::rule_tensor("small", {2, 3, 48, 48}).to(at::kFloat);
  for (const bool transposed : {true, false}) {
    for (const bool centred : {false, true}) {
      const auto model = small_part_fvit(std::string("patch_layout = \"") + (transposed ? "transposed" : "plain") +
                                         "\"\npatch_centre = \"" + (centred ? "symmetric" : "shifted") + "\"");
      const at::Tensor tokens = nn::gather_patches(images, landmarks_of(*model, images), {8, transposed, centred});
      CHECK(at::equal(model->forward(images, {}), dynamic_cast<Tokenised&>(*model).forward_tokens(tokens, {}, {})));
    }
  }
}

TEST_CASE("part_fvit: the loss trains the landmark CNN, unless it is frozen") {
  const at::Tensor images = test::rule_tensor("small", {2, 3, 48, 48}).to(at::kFloat);
  for (const bool frozen : {false, true}) {
    const auto model = small_part_fvit(frozen ? "freeze_landmarks = true" : "");
    const at::Tensor mean = nn::find_tensor(*model->module(), "stn.features.0.1.running_mean"), before = mean.clone();
    model->forward(images, {true, nullptr}).square().sum().backward();
    for (const char* name : {"stn.features.0.0.weight", "output_layer.1.weight"}) {
      CHECK(nn::find_tensor(*model->module(), name).grad().defined() == !frozen);
    }
    CHECK(nn::find_tensor(*model->module(), "patch_to_embedding.weight").grad().defined());
    CHECK(at::equal(mean, before) == frozen);
  }
}

TEST_CASE("part_fvit: dropout before the landmarks is drawn, and not by a frozen CNN") {
  const at::NoGradGuard no_grad;
  const at::Tensor images = test::rule_tensor("small", {2, 3, 48, 48}).to(at::kFloat);
  for (const bool frozen : {false, true}) {
    const auto model = small_part_fvit(frozen ? "freeze_landmarks = true" : "");
    const auto draws = std::make_shared<test::HandDraws>(std::vector<int64_t>{4, 5});
    model->forward(images, {true, draws});
    CHECK((draws->asked->front() == "landmarks") == !frozen);
    CHECK(draws->asked->size() == (frozen ? 0u : 1u) + 1 + 2 * 5);
  }
}

TEST_CASE("part_fvit: landmarks lie where the largest span and the scaling say") {
  const at::NoGradGuard no_grad;
  const at::Tensor images = test::rule_tensor("small", {1, 3, 48, 48}).to(at::kFloat);
  const at::Tensor joint = landmarks_of(*small_part_fvit(), images);
  CHECK(joint.min().item<float>() == 0);
  CHECK(joint.max().item<float>() == doctest::Approx(47));
  const at::Tensor axis = landmarks_of(*small_part_fvit("landmark_scaling = \"axis\""), images);
  CHECK(at::equal(axis.amin(1), at::zeros({1, 2})));
  CHECK(at::allclose(axis.amax(1), at::full({1, 2}, 47.0f)));
}

TEST_CASE("part_fvit: a grid looks at the middle of every patch, has no CNN and gives tokens as fvit's, half a pixel off") {
  const at::NoGradGuard no_grad;
  const auto model = small_part_fvit("landmark_source = \"grid\"");
  CHECK_FALSE(nn::find_tensor(*model->module(), "output_layer.1.weight").defined());
  const at::Tensor images = test::rule_tensor("small", {2, 3, 48, 48}).to(at::kFloat), places = landmarks_of(*model, images);
  CHECK(places.sizes().vec() == std::vector<int64_t>{2, 36, 2});
  CHECK(at::equal(places[1][0], at::tensor({4.0f, 4.0f})));
  CHECK(at::equal(places[1][1], at::tensor({12.0f, 4.0f})));
  CHECK(at::equal(places[1][6], at::tensor({4.0f, 12.0f})));
  // Each sample is the mean of four pixels, which stand left of and above the corner they share.
  const at::Tensor padded = at::constant_pad_nd(images, {1, 0, 1, 0});
  const at::Tensor blurred = at::avg_pool2d(padded, 2, 1);
  const at::Tensor expected = dynamic_cast<Tokenised&>(*model).forward_tokens(nn::cut_tokens(blurred, 8), {}, {});
  CHECK(at::allclose(model->forward(images, {}), expected, 1e-5, 1e-5));
}

TEST_CASE("part_fvit: fewer landmarks than positions are fine, more are reported") {
  const at::NoGradGuard no_grad;
  const auto model = small_part_fvit("landmarks = 20");
  CHECK(dynamic_cast<Landmarked&>(*model).landmark_count() == 20);
  CHECK(nn::find_tensor(*model->module(), "output_layer.1.weight").size(0) == 40);
  CHECK(model->forward(at::zeros({1, 3, 48, 48}), {}).sizes().vec() == std::vector<int64_t>{1, 24});
  CHECK_THROWS_WITH_AS(small_part_fvit("landmarks = 37"),
                       "inline.toml:1:1: error: backbone \"part_fvit\": 37 landmarks are too many; the position table has rows for 36",
                       Error);
}

TEST_CASE("part_fvit: says which picture it cannot take") {
  const auto model = small_part_fvit();
  CHECK_THROWS_WITH_AS(model->forward(at::zeros({2, 1, 48, 48}), {}), "\"images\" has 1 channels, not 3", Error);
  CHECK_THROWS_WITH_AS(model->forward(at::zeros({2, 3, 48, 40}), {}), "\"images\" has 48 x 40 pixels; landmarks need square images", Error);
}
