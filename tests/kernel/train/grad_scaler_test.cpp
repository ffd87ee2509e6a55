#include "kernel/train/grad_scaler.h"

#include <limits>
#include <vector>

#include <ATen/ATen.h>
#include <doctest/doctest.h>

namespace lafs {
namespace {

constexpr float inf = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

LossScaleOptions moves(double start, double growth, double backoff, int64_t interval) {
  LossScaleOptions options;
  options.start = start;
  options.growth = growth;
  options.backoff = backoff;
  options.growth_interval = interval;
  return options;
}

/// Scales after each step of a row: '.' is a finite one.
std::vector<float> scales(const LossScaleOptions& options, const std::string& steps) {
  GradScaler scaler(options);
  std::vector<float> out;
  for (const char step : steps) {
    scaler.update(step == '.');
    out.push_back(scaler.state().scale);
  }
  return out;
}

TEST_CASE("grad scaler: the published defaults are 65536, doubled after 2000 clean steps and halved by an overflow (pretraining.md 8)") {
  GradScaler scaler{LossScaleOptions()};
  for (int i = 0; i < 1999; ++i) scaler.update(true);
  CHECK(scaler.state() == GradScalerState{65536, 1999, 0, 0});
  scaler.update(true);
  CHECK(scaler.state() == GradScalerState{131072, 0, 0, 0});
  scaler.update(true);
  scaler.update(false);
  CHECK(scaler.state() == GradScalerState{65536, 0, 1, 1});
  scaler.update(false);
  CHECK(scaler.state() == GradScalerState{32768, 0, 2, 2});
  scaler.update(true);
  CHECK(scaler.state() == GradScalerState{32768, 1, 2, 0});
}

TEST_CASE("grad scaler: its scales are PyTorch's") {
  // torch.amp.GradScaler(device="cpu") of torch 2.11 with the same options and overflows
  CHECK(scales(moves(65536, 2, 0.5, 3), "..i...i.ii......") ==
        std::vector<float>{65536, 65536, 32768, 32768, 32768, 65536, 32768, 32768, 16384, 8192, 8192, 8192, 16384, 16384, 16384, 32768});
  CHECK(scales(moves(1000, 1.7, 0.3, 2), "..i..ii....i....") ==
        std::vector<float>{1000.0F, 1700.0F, 510.0F, 510.0F, 867.0F, 260.1000061035156F, 78.02999877929688F, 78.02999877929688F,
                           132.6510009765625F, 132.6510009765625F, 225.50669860839844F, 67.65200805664062F, 67.65200805664062F,
                           115.00841522216797F, 115.00841522216797F, 195.51431274414062F});
}

TEST_CASE("grad scaler: the scale does not grow past what fp32 holds") {
  GradScaler scaler(moves(65536, 2, 0.5, 1));
  scaler.restore({0x1p127F, 0, 0, 0});
  scaler.update(true);
  CHECK(scaler.state() == GradScalerState{0x1p127F, 0, 0, 0});
  scaler.update(false);
  CHECK(scaler.state().scale == 0x1p126F);
}

TEST_CASE("grad scaler: a loss in half precision is scaled in fp32, where 65536 fits") {
  const GradScaler scaler{LossScaleOptions()};
  const at::Tensor loss = scaler.scaled(at::full({}, 3, at::kHalf));
  CHECK((loss.scalar_type() == at::kFloat));
  CHECK(loss.item<float>() == 3 * 65536);
  CHECK((scaler.scaled(at::full({}, 3, at::kDouble)).scalar_type() == at::kDouble));
}

TEST_CASE("grad scaler: gradients come back as they would be without a scale") {
  GradScaler scaler(moves(1000, 2, 0.5, 2000));
  const at::Tensor weight = at::full({4}, 2.0F).requires_grad_(true);
  scaler.scaled((weight * weight).sum()).backward();
  CHECK(weight.grad()[0].item<float>() == 4000);
  CHECK(scaler.unscale({weight.grad()}));
  CHECK(at::allclose(weight.grad(), at::full({4}, 4.0F), 1e-6));
}

TEST_CASE("grad scaler: one infinity or NaN in one tensor of many is an overflow") {
  const GradScaler scaler{LossScaleOptions()};
  const auto finite = [&](float number) {
    const std::vector<at::Tensor> gradients{at::ones({3}), at::ones({2, 5}), at::ones({})};
    gradients[1][1][4].fill_(number);
    return scaler.unscale(gradients);
  };
  CHECK(finite(std::numeric_limits<float>::max()));
  CHECK(!finite(inf));
  CHECK(!finite(-inf));
  CHECK(!finite(nan));
}

TEST_CASE("grad scaler: a restored one goes on like the first") {
  const LossScaleOptions options = moves(64, 2, 0.5, 3);
  GradScaler first(options), second(options);
  for (const bool finite : {true, false, true, true}) first.update(finite);
  second.restore(first.state());
  for (const bool finite : {true, true, false, false, true}) {
    first.update(finite);
    second.update(finite);
    CHECK(first.state() == second.state());
  }
  CHECK(first.state() == GradScalerState{16, 1, 3, 0});
}

TEST_CASE("grad scaler: it says what was skipped, and below 1 what that means") {
  GradScaler scaler(moves(2, 2, 0.5, 2000));
  scaler.update(false);
  CHECK(scaler.skip_note() == "update skipped: a gradient is not finite at loss scale 2, which is now 1; 1 skipped so far");
  scaler.update(false);
  CHECK(scaler.skip_note() ==
        "update skipped: a gradient is not finite at loss scale 1, which is now 0.5; 2 skipped so far, 2 in a row. A scale below 1 means "
        "that the gradients themselves leave fp16's range: precision = \"bf16\" or \"fp32\" has it");
  for (int i = 1; i < 20; ++i) scaler.update(false);
  CHECK(!scaler.exhausted());
  scaler.update(false);
  CHECK(scaler.exhausted());
}

TEST_CASE("grad scaler: only fp16 has one") {
  RunOptions run;
  for (const char* precision : {"fp32", "bf16"}) {
    run.precision = precision;
    CHECK(!grad_scaler(run));
  }
  run.precision = "fp16";
  run.loss_scale.start = 128;
  REQUIRE(grad_scaler(run));
  CHECK(grad_scaler(run)->state().scale == 128);
}

}  // namespace
}  // namespace lafs
