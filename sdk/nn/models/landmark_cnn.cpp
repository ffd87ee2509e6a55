#include "nn/models/landmark_cnn.h"

#include <algorithm>
#include <array>

#include <ATen/Parallel.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/hardsigmoid.h>
#include <ATen/ops/hardswish.h>
#include <ATen/ops/relu.h>
#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "nn/layers/dims.h"
#include "nn/layers/dropout.h"
#include "nn/layers/function.h"
#include "nn/layers/tree.h"

namespace lafs::nn {

namespace {

enum class Curve { relu, hard_swish };

/// In place where no gradient needs what was there.
at::Tensor bent(at::Tensor x, Curve curve) {
  if (at::GradMode::is_enabled()) return curve == Curve::relu ? at::relu(x) : at::hardswish(x);
  return curve == Curve::relu ? at::relu_(x) : at::hardswish_(x);
}

/// Pictures that go through the trunk together where nothing is learned: what a layer gives them then stays in a core's cache.
constexpr int64_t chunk = 16;

struct LayerPlan {
  int64_t kernel, expanded, out;
  bool squeeze;
  Curve curve;
  int64_t stride;
};

constexpr std::array<LayerPlan, 15> plan{{
    {3, 16, 16, false, Curve::relu, 1},
    {3, 64, 24, false, Curve::relu, 2},
    {3, 72, 24, false, Curve::relu, 1},
    {5, 72, 40, true, Curve::relu, 2},
    {5, 120, 40, true, Curve::relu, 1},
    {5, 120, 40, true, Curve::relu, 1},
    {3, 240, 80, false, Curve::hard_swish, 2},
    {3, 200, 80, false, Curve::hard_swish, 1},
    {3, 184, 80, false, Curve::hard_swish, 1},
    {3, 184, 80, false, Curve::hard_swish, 1},
    {3, 480, 112, true, Curve::hard_swish, 1},
    {3, 672, 112, true, Curve::hard_swish, 1},
    {5, 672, 160, true, Curve::hard_swish, 2},
    {5, 960, 160, true, Curve::hard_swish, 1},
    {5, 960, 160, true, Curve::hard_swish, 1},
}};
constexpr int64_t stem_width = 16;

std::shared_ptr<Conv2d> convolution(int64_t in, int64_t out, int64_t kernel, int64_t stride, int64_t groups) {
  Conv2d::Options options;
  options.in = in;
  options.out = out;
  options.kernel = kernel;
  options.stride = stride;
  options.padding = (kernel - 1) / 2;
  options.groups = groups;
  options.bias = false;
  options.start = Conv2d::Start::kaiming_fan_out;
  return std::make_shared<Conv2d>(options);
}

class SqueezeLinear final : public Linear {
 public:
  SqueezeLinear(int64_t in, int64_t out) : Linear(in, out, false) {}
  std::vector<InitRule> init_rules() const override { return {{"weight", InitRule::Shape::normal, 0, 0.01}}; }
};

at::Tensor axis_stretched(const at::Tensor& numbers, const std::vector<int64_t>& over, double span) {
  const at::Tensor low = numbers.amin(over, true);
  const at::Tensor range = numbers.amax(over, true) - low;
  return (numbers - low) / range.masked_fill(range == 0, 1) * span;
}

}  // namespace

/// One inverted residual; the squeeze stands before the second curve (quirk M8).
struct LandmarkTrunk::Layer : torch::nn::Module {
  Layer(int64_t in, const LayerPlan& p) : plan(p), residual(p.stride == 1 && in == p.out) {
    widen = put(*this, "conv.0", convolution(in, p.expanded, 1, 1, 1));
    widen_norm = put(*this, "conv.1", std::make_shared<BatchNorm>(p.expanded));
    spread = put(*this, "conv.3", convolution(p.expanded, p.expanded, p.kernel, p.stride, p.expanded));
    spread_norm = put(*this, "conv.4", std::make_shared<BatchNorm>(p.expanded));
    if (p.squeeze) {
      squeeze = put(*this, "conv.5.fc.0", std::make_shared<SqueezeLinear>(p.expanded, p.expanded / 4));
      excite = put(*this, "conv.5.fc.2", std::make_shared<SqueezeLinear>(p.expanded / 4, p.expanded));
    }
    narrow = put(*this, "conv.7", convolution(p.expanded, p.out, 1, 1, 1));
    narrow_norm = put(*this, "conv.8", std::make_shared<BatchNorm>(p.out));
  }

  at::Tensor forward(const at::Tensor& x, const Pass& pass) {
    at::Tensor y = bent(widen_norm->forward(widen->forward(x), pass), plan.curve);  // [B,expanded,H,W]
    y = spread_norm->forward(spread->forward(y), pass);
    if (squeeze) y = y * gate(y.mean({2, 3})).unsqueeze(2).unsqueeze(3);
    y = narrow_norm->forward(narrow->forward(bent(y, plan.curve)), pass);
    return residual ? x + y : y;
  }

  at::Tensor gate(const at::Tensor& means) const { return at::hardsigmoid(excite->forward(at::relu(squeeze->forward(means)))); }

  LayerPlan plan;
  bool residual;
  std::shared_ptr<Conv2d> widen, spread, narrow;
  std::shared_ptr<BatchNorm> widen_norm, spread_norm, narrow_norm;
  std::shared_ptr<SqueezeLinear> squeeze, excite;
};

LandmarkTrunk::LandmarkTrunk() {
  stem_ = put(*this, "features.0.0", convolution(3, stem_width, 3, 2, 1));
  stem_norm_ = put(*this, "features.0.1", std::make_shared<BatchNorm>(stem_width));
  int64_t in = stem_width;
  for (size_t i = 0; i < plan.size(); ++i) {
    layers_.push_back(put(*this, fmt::format("features.{}", i + 1), std::make_shared<Layer>(in, plan[i])));
    in = plan[i].out;
  }
}

at::Tensor LandmarkTrunk::forward(const at::Tensor& images, const Pass& pass) {
  const AutocastOff off;
  const bool alone = images.is_cpu() && !pass.training && !at::GradMode::is_enabled();
  if (!alone || images.size(0) <= chunk) return run(images, pass);
  const int64_t b = images.size(0), chunks = (b + chunk - 1) / chunk;
  std::vector<at::Tensor> parts(static_cast<size_t>(chunks));
  at::parallel_for(0, chunks, 1, [&](int64_t begin, int64_t end) {
    const at::NoGradGuard no_grad;
    const AutocastOff off_here;
    for (int64_t i = begin; i < end; ++i) {
      parts[static_cast<size_t>(i)] = run(images.slice(0, i * chunk, std::min(b, (i + 1) * chunk)), pass);
    }
  });
  return at::cat(parts);
}

at::Tensor LandmarkTrunk::run(const at::Tensor& images, const Pass& pass) {
  // Channels last is the faster order, but LibTorch adds a batch's statistics up less exactly in it.
  at::Tensor x = stem_->forward(pass.training ? images : images.contiguous(at::MemoryFormat::ChannelsLast));
  x = bent(stem_norm_->forward(x, pass), Curve::hard_swish);
  for (const auto& layer : layers_) x = layer->forward(x, pass);
  return x;
}

void LandmarkOptions::declare(Params& p) {
  p("landmarks", count, in(0, 1 << 16), "landmarks the CNN gives; 0: as many as the input has patches");
  p("landmark_dropout", dropout, in(0, 0.99),
    "dropout probability of the CNN's mean features, before the layer that makes landmarks of them");
  p("landmark_span", span, in(1, 65536), "largest coordinate in every picture, pixels; the smallest is 0");
  p.quirk("M5", "landmark_scaling", scaling, "joint", "axis", one_of({"joint", "axis"}),
          "coordinates are stretched over x and y together, or over each");
  p("freeze_landmarks", frozen, "the CNN keeps its weights and statistics, and does not drop");
}

at::Tensor stretched_landmarks(const at::Tensor& raw, double span, const std::string& scaling) {
  const auto [b, numbers] = dims<2>(raw, "raw");
  if (numbers % 2 != 0) throw Error(fmt::format("\"raw\" has {} numbers a row, not pairs", numbers));
  if (scaling == "joint") return axis_stretched(raw, {1}, span).view({b, numbers / 2, 2});
  if (scaling != "axis") throw Error(fmt::format("no scaling \"{}\" of landmarks; known: \"joint\", \"axis\"", scaling));
  return axis_stretched(raw.view({b, numbers / 2, 2}), {1}, span);
}

LandmarkCnn::LandmarkCnn(torch::nn::Module& owner, int64_t count, const LandmarkOptions& options) : count_(count), options_(options) {
  trunk_ = put(owner, "stn", std::make_shared<LandmarkTrunk>());
  output_ = put(owner, "output_layer.1", std::make_shared<Linear>(LandmarkTrunk::width, 2 * count));
  if (!options.frozen) return;
  for (at::Tensor& parameter : trunk_->parameters()) parameter.set_requires_grad(false);
  for (at::Tensor& parameter : output_->parameters()) parameter.set_requires_grad(false);
}

at::Tensor LandmarkCnn::features(const at::Tensor& images, const Pass& pass) {
  check_images(images);
  const AutocastOff off;
  return trunk_->forward(widened(images), pass_of(pass)).mean({2, 3});
}

at::Tensor LandmarkCnn::raw(const at::Tensor& features, const Pass& pass) {
  const AutocastOff off;
  return output_->forward(drop(features, options_.dropout, pass_of(pass), "landmarks", {LandmarkTrunk::width}));
}

at::Tensor LandmarkCnn::landmarks(const at::Tensor& images, const Pass& pass) {
  return stretched_landmarks(raw(features(images, pass), pass), options_.span, options_.scaling);
}

Pass LandmarkCnn::pass_of(const Pass& pass) const { return options_.frozen ? Pass{} : pass; }

void check_images(const at::Tensor& images) {
  const auto [b, c, height, width] = dims<4>(images, "images");
  if (c != 3) throw Error(fmt::format("\"images\" has {} channels, not 3", c));
}

}  // namespace lafs::nn
