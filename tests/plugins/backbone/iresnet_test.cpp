#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "nn/layers/tree.h"
#include "nn/train/initial_values.h"
#include "support/front_door.h"
#include "support/rule_numbers.h"
#include "support/training.h"

using namespace lafs;

namespace {

std::shared_ptr<Backbone> iresnet(const std::string& toml, int64_t side = 112) {
  InputContract input;
  input.height = input.width = side;
  return test::make<Backbone>("iresnet", toml, input);
}

at::Tensor face_noise(int64_t count, int64_t side) { return test::rule_tensor("input", {count, 3, side, side}).to(at::kFloat); }

}  // namespace

TEST_CASE("iresnet: every depth has the reference's keys and parameters, with both tails") {
  struct Row {
    int64_t depth;
    uint32_t avg_keys, flatten_keys;
    int64_t avg, flatten;
  };
  const std::vector<Row> rows{{18, 0x9a0c310du, 0x845b19c3u, 11180032, 24025600},
                              {34, 0x52ca4221u, 0x4d58fe6fu, 21293760, 34139328},
                              {50, 0xaa38c861u, 0xd6b8752fu, 30745280, 43590848},
                              {100, 0x85f91291u, 0x5eeffcffu, 52310592, 65156160},
                              {200, 0x8a9bd395u, 0x646a1d6bu, 105988352, 118833920}};
  for (const Row& row : rows) {
    CAPTURE(row.depth);
    const auto avg = iresnet(fmt::format("depth = {}", row.depth)),
               flatten = iresnet(fmt::format("depth = {}\ntail = \"flatten\"", row.depth));
    CHECK(test::key_list_hash(*avg->module()) == row.avg_keys);
    CHECK(test::key_list_hash(*flatten->module()) == row.flatten_keys);
    CHECK(test::parameter_count(*avg->module()) == row.avg);
    CHECK(test::parameter_count(*flatten->module()) == row.flatten);
  }
}

TEST_CASE("iresnet: the reference's embeddings of weights by rule") {
  const at::NoGradGuard no_grad;
  const at::Tensor images = face_noise(2, 112);
  const auto embedding = [&](const std::string& toml) {
    const auto model = iresnet(toml);
    test::fill_by_rule(*model->module());
    return model->forward(images, {})[0];
  };
  test::check_row(embedding("depth = 18"),
                  {{0.24298, 0.26780, -0.50860, -0.60330, 0.53938, 0.67703, -0.44987, -0.38344}, 19.46471, 10.30252}, 1e-4);
  test::check_row(embedding("depth = 50"),
                  {{1.67045, 2.29285, 0.51515, -5.09309, 3.54621, -3.25091, -6.51253, -3.47547}, 81.68268, 61.72116}, 1e-3);
  test::check_row(embedding("depth = 18\ntail = \"flatten\""),
                  {{0.12033, -0.32871, 0.68146, 1.28117, 0.34173, 1.00695, -0.68104, -0.13010}, 16.08729, 14.86773}, 1e-4);
}

TEST_CASE("iresnet: the norm behind a flatten tail has a fixed weight, that behind a mean does not") {
  CHECK(nn::find_tensor(*iresnet("depth = 18")->module(), "features.weight").requires_grad());
  const auto flatten = iresnet("depth = 18\ntail = \"flatten\"\nlinear = \"fc\"");
  CHECK_FALSE(nn::find_tensor(*flatten->module(), "features.weight").requires_grad());
  CHECK(nn::find_tensor(*flatten->module(), "features.bias").requires_grad());
  CHECK(nn::find_tensor(*flatten->module(), "fc.weight").sizes().vec() == std::vector<int64_t>{512, 25088});
}

TEST_CASE("iresnet: one picture and small crops are taken by the mean tail") {
  const at::NoGradGuard no_grad;
  const auto model = iresnet("depth = 18");
  nn::initialise(*model->module(), 1);
  CHECK(model->forward(face_noise(1, 48), {}).sizes().vec() == std::vector<int64_t>{1, 512});
  const auto flatten = iresnet("depth = 18\ntail = \"flatten\"\nfeatures = 64", 48);
  nn::initialise(*flatten->module(), 1);
  CHECK(flatten->forward(face_noise(2, 48), {}).sizes().vec() == std::vector<int64_t>{2, 64});
  CHECK_THROWS_WITH_AS(flatten->forward(face_noise(2, 112), {}),
                       "\"images\" has 112 x 112 pixels; a flatten tail takes only the input's 48 x 48", Error);
}

TEST_CASE("iresnet: convolutions start with deviation 0.1, slopes at 0.25, the second norms at 0 if asked for") {
  const auto model = iresnet("depth = 18\nzero_init_residual = true");
  nn::initialise(*model->module(), 1);
  const auto of = [&](const char* name) { return nn::find_tensor(*model->module(), name); };
  CHECK(of("layer4.1.conv2.weight").std().item<double>() == doctest::Approx(0.1).epsilon(0.01));
  CHECK(of("layer2.0.downsample.0.weight").std().item<double>() == doctest::Approx(0.1).epsilon(0.05));
  CHECK(of("layer2.0.prelu.weight").eq(0.25).all().item<bool>());
  CHECK(of("layer1.1.bn2.weight").eq(0).all().item<bool>());
  CHECK(of("layer1.1.bn3.weight").eq(1).all().item<bool>());
  CHECK(of("bn2.weight").eq(1).all().item<bool>());
}

TEST_CASE("iresnet: dropout draws once, before the tail") {
  const at::NoGradGuard no_grad;
  const auto model = iresnet("depth = 18\ndropout = 0.4", 32);
  nn::initialise(*model->module(), 1);
  const auto draws = std::make_shared<test::HandDraws>(std::vector<int64_t>{4, 5});
  model->forward(face_noise(2, 32), {true, draws});
  CHECK(*draws->asked == std::vector<std::string>{"tail"});
}

TEST_CASE("iresnet: wrong pictures and options are named") {
  const auto model = iresnet("depth = 18");
  CHECK_THROWS_WITH_AS(model->forward(torch::zeros({3, 48, 48}), {}), "\"images\" has shape [3, 48, 48], not 4 dimensions", Error);
  CHECK_THROWS_WITH_AS(model->forward(torch::zeros({1, 1, 48, 48}), {}), "\"images\" has 1 channels, not 3", Error);
  const auto message = [](const std::string& toml) {
    try {
      iresnet(toml);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(message("depth = 19").ends_with("depth = 19: use 18, 34, 50, 100 or 200"));
  CHECK(message("features = 128").ends_with("features = 128 is for tail = \"flatten\"; an avg tail has 512"));
}
