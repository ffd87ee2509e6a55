#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/backbone.h"
#include "lafs/error.h"
#include "lafs/initialised.h"
#include "lafs/plugin.h"
#include "nn/layers/batch_norm.h"
#include "nn/layers/dims.h"
#include "nn/layers/dropout.h"
#include "nn/layers/function.h"
#include "nn/layers/layers.h"
#include "nn/layers/tree.h"
#include "nn/models/transformer.h"

namespace {

const std::map<int64_t, std::array<int64_t, 4>>& blocks_by_depth() {
  static const std::map<int64_t, std::array<int64_t, 4>> table{
      {18, {2, 2, 2, 2}}, {34, {3, 4, 6, 3}}, {50, {3, 4, 14, 3}}, {100, {3, 13, 30, 3}}, {200, {6, 26, 60, 6}}};
  return table;
}

struct Options {
  int64_t depth = 50, features = 512;
  std::string tail = "avg", linear = "fc0";
  double dropout = 0, eps = 1e-5, momentum = 0.1, init_std = 0.1;
  bool zero_init_residual = false;

  void declare(lafs::Params& p) {
    p("depth", depth, "layers: 18, 34, 50, 100 or 200");
    p("tail", tail, lafs::one_of({"avg", "flatten"}),
      "mean over the last map, as the reference's factories give it; or a linear layer over all of it, as insightface has it (quirk M13)");
    p("linear", linear, lafs::one_of({"fc0", "fc"}), "name of the linear layer of a flatten tail; insightface's files have fc");
    p("features", features, lafs::in(1, 65536), "width of the embedding of a flatten tail; an avg tail has 512");
    p("dropout", dropout, lafs::in(0, 0.99), "dropout probability before the tail");
    p("eps", eps, lafs::in(1e-30, 1), "added to the variance by every norm");
    p("momentum", momentum, lafs::in(1e-6, 1), "share of a batch in the running statistics");
    p("init_std", init_std, lafs::in(1e-6, 10), "deviation of the first weights of the convolutions");
    p("zero_init_residual", zero_init_residual, "start the second norm of every block at 0");
  }
};

class StartsAtZero final : public lafs::nn::BatchNorm {
 public:
  using lafs::nn::BatchNorm::BatchNorm;
  std::vector<lafs::InitRule> init_rules() const override {
    return {{"weight", lafs::InitRule::Shape::constant, 0}, {"bias", lafs::InitRule::Shape::constant, 0}};
  }
};

std::shared_ptr<lafs::nn::Conv2d> convolution(const Options& o, int64_t in, int64_t out, int64_t kernel, int64_t stride) {
  lafs::nn::Conv2d::Options made;
  made.in = in;
  made.out = out;
  made.kernel = kernel;
  made.stride = stride;
  made.padding = kernel / 2;
  made.bias = false;
  made.start = lafs::nn::Conv2d::Start::normal;
  made.std = o.init_std;
  return std::make_shared<lafs::nn::Conv2d>(made);
}

std::shared_ptr<lafs::nn::BatchNorm> norm(const Options& o, int64_t channels) {
  return std::make_shared<lafs::nn::BatchNorm>(channels, o.eps, o.momentum);
}

/// Norm, convolution, norm, PReLU, convolution (which carries the stride), norm; nothing after the sum (models.md 12).
class Residual final : public torch::nn::Module {
 public:
  Residual(const Options& o, int64_t in, int64_t out, int64_t stride, bool projected) {
    bn1_ = register_module("bn1", norm(o, in));
    conv1_ = register_module("conv1", convolution(o, in, out, 3, 1));
    bn2_ = register_module("bn2", o.zero_init_residual ? std::make_shared<StartsAtZero>(out, o.eps, o.momentum) : norm(o, out));
    prelu_ = register_module("prelu", std::make_shared<lafs::nn::Prelu>(out));
    conv2_ = register_module("conv2", convolution(o, out, out, 3, stride));
    bn3_ = register_module("bn3", norm(o, out));
    if (!projected) return;
    shortcut_ = lafs::nn::put(*this, "downsample.0", convolution(o, in, out, 1, stride));
    shortcut_norm_ = lafs::nn::put(*this, "downsample.1", norm(o, out));
  }

  at::Tensor forward(const at::Tensor& x, const lafs::Pass& pass) {  // [B,in,H,W] -> [B,out,H/stride,W/stride]
    at::Tensor out = conv1_->forward(bn1_->forward(x, pass));
    out = conv2_->forward(prelu_->forward(bn2_->forward(out, pass)));
    return bn3_->forward(out, pass) + (shortcut_ ? shortcut_norm_->forward(shortcut_->forward(x), pass) : x);
  }

 private:
  std::shared_ptr<lafs::nn::BatchNorm> bn1_, bn2_, bn3_, shortcut_norm_;
  std::shared_ptr<lafs::nn::Conv2d> conv1_, conv2_, shortcut_;
  std::shared_ptr<lafs::nn::Prelu> prelu_;
};

/// The residual network of ArcFace (Deng et al. 2019), with the tails of LAFS and of insightface (models.md 12).
class Iresnet final : public torch::nn::Module, public lafs::Backbone {
 public:
  using Options = ::Options;

  Iresnet(const Options& options, const lafs::InputContract& input) : options_(options), height_(input.height), width_(input.width) {
    const auto blocks = blocks_by_depth().find(options.depth);
    if (blocks == blocks_by_depth().end()) {
      throw lafs::Error(fmt::format("depth = {}: use 18, 34, 50, 100 or 200", options.depth));
    }
    if (options.tail == "avg" && options.features != last_width) {
      throw lafs::Error(fmt::format("features = {} is for tail = \"flatten\"; an avg tail has {}", options.features, last_width));
    }
    conv1_ = register_module("conv1", convolution(options, 3, 64, 3, 1));
    bn1_ = register_module("bn1", norm(options, 64));
    prelu_ = register_module("prelu", std::make_shared<lafs::nn::Prelu>(64));
    for (size_t stage = 0; stage < 4; ++stage) add_stage(stage, blocks->second[stage]);
    bn2_ = register_module("bn2", norm(options, last_width));
    if (options.tail == "flatten") {
      linear_ =
          register_module(options.linear, std::make_shared<lafs::nn::Linear>(last_width * shrunk(height_) * shrunk(width_), embed_dim()));
    }
    features_ = register_module("features", norm(options, embed_dim()));
    if (options.tail == "flatten") features_->weight.set_requires_grad(false);
  }

  std::shared_ptr<torch::nn::Module> module() override { return shared_from_this(); }
  int64_t embed_dim() const override { return options_.features; }

  at::Tensor forward(const at::Tensor& images, const lafs::Pass& pass) override {
    check(images);
    at::Tensor x = prelu_->forward(bn1_->forward(conv1_->forward(images), pass));
    for (const auto& block : blocks_) x = block->forward(x, pass);
    return embed(bn2_->forward(x, pass), pass);
  }

 private:
  static constexpr int64_t last_width = 512;

  /// A side after four convolutions of stride 2 with padding.
  static int64_t shrunk(int64_t side) { return (side + 15) / 16; }

  void add_stage(size_t stage, int64_t count) {
    const int64_t out = int64_t{64} << stage;
    const int64_t in = stage == 0 ? 64 : out / 2;
    for (int64_t b = 0; b < count; ++b) {
      const bool first = b == 0;
      const auto block = std::make_shared<Residual>(options_, first ? in : out, out, first ? 2 : 1, first);
      blocks_.push_back(lafs::nn::put(*this, fmt::format("layer{}.{}", stage + 1, b), block));
    }
  }

  void check(const at::Tensor& images) const {
    const auto [b, c, height, width] = lafs::nn::dims<4>(images, "images");
    if (c != 3) throw lafs::Error(fmt::format("\"images\" has {} channels, not 3", c));
    if (height < 1 || width < 1) throw lafs::Error(fmt::format("\"images\" has {} x {} pixels", height, width));
    if (linear_ && (height != height_ || width != width_)) {
      throw lafs::Error(
          fmt::format("\"images\" has {} x {} pixels; a flatten tail takes only the input's {} x {}", height, width, height_, width_));
    }
  }

  /// The tail, in fp32 whatever the trunk ran in. Only the spatial dimensions go, so that one picture is taken too.
  at::Tensor embed(const at::Tensor& map, const lafs::Pass& pass) {
    const lafs::nn::AutocastOff off;
    const at::Tensor wide = lafs::nn::widened(map);
    at::Tensor x = linear_ ? wide.flatten(1) : wide.mean({2, 3});
    x = lafs::nn::drop(x, options_.dropout, pass, "tail", {x.size(1)});
    return features_->forward(linear_ ? linear_->forward(x) : x, pass);
  }

  Options options_;
  int64_t height_, width_;
  std::shared_ptr<lafs::nn::Conv2d> conv1_;
  std::shared_ptr<lafs::nn::BatchNorm> bn1_, bn2_, features_;
  std::shared_ptr<lafs::nn::Prelu> prelu_;
  std::vector<std::shared_ptr<Residual>> blocks_;
  std::shared_ptr<lafs::nn::Linear> linear_;
};

}  // namespace

LAFS_PLUGIN(registrar) { registrar.add<Iresnet>("iresnet", "improved residual network of 18 to 200 layers (Deng et al. 2019)"); }
