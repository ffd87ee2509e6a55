// ConvMixer: patches, mixed over space by depthwise and over channels by pointwise convolutions (Trockman and Kolter 2022).
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/backbone.h"
#include "lafs/error.h"
#include "lafs/plugin.h"
#include "nn/layers/batch_norm.h"
#include "nn/layers/layers.h"

namespace {

/// A convolution, GELU, BatchNorm.
class Mix final : public torch::nn::Module {
 public:
  explicit Mix(const lafs::nn::Conv2d::Options& options)
      : convolution_(register_module("convolution", std::make_shared<lafs::nn::Conv2d>(options))),
        norm_(register_module("norm", std::make_shared<lafs::nn::BatchNorm>(options.out))) {}
  at::Tensor forward(const at::Tensor& x, const lafs::Pass& pass) { return norm_->forward(at::gelu(convolution_->forward(x)), pass); }

 private:
  std::shared_ptr<lafs::nn::Conv2d> convolution_;
  std::shared_ptr<lafs::nn::BatchNorm> norm_;
};

class ConvMixer final : public torch::nn::Module, public lafs::Backbone {
 public:
  struct Options {
    int64_t dim = 64, depth = 4, patch = 8, kernel = 5;

    void declare(lafs::Params& p) {
      p("dim", dim, lafs::in(1, 8192), "channels, and width of the embedding");
      p("depth", depth, lafs::in(1, 256), "blocks");
      p("patch", patch, lafs::in(1, 256), "side of a patch, in pixels");
      p("kernel", kernel, lafs::in(1, 63), "side of the depthwise convolution, in patches; an odd number");
    }
  };

  ConvMixer(const Options& options, const lafs::InputContract& input) : options_(options) {
    if (options.kernel % 2 == 0) throw lafs::Error(fmt::format("\"kernel\" = {} has no middle: an odd number is needed", options.kernel));
    if (input.height < options.patch || input.width < options.patch) {
      throw lafs::Error(fmt::format("a \"patch\" of {} is larger than the input of {} x {}", options.patch, input.height, input.width));
    }
    const int64_t dim = options.dim, kernel = options.kernel;
    cut_ = register_module("cut", std::make_shared<Mix>(lafs::nn::Conv2d::Options{3, dim, options.patch, options.patch}));
    for (int64_t i = 0; i < options.depth; ++i) {
      const std::string name = "block" + std::to_string(i);
      space_.push_back(
          register_module(name + "_space", std::make_shared<Mix>(lafs::nn::Conv2d::Options{dim, dim, kernel, 1, kernel / 2, dim})));
      channels_.push_back(register_module(name + "_channels", std::make_shared<Mix>(lafs::nn::Conv2d::Options{dim, dim})));
    }
  }

  std::shared_ptr<torch::nn::Module> module() override { return shared_from_this(); }
  int64_t embed_dim() const override { return options_.dim; }

  at::Tensor forward(const at::Tensor& images, const lafs::Pass& pass) override {
    if (images.dim() != 4 || images.size(1) != 3 || images.size(2) < options_.patch || images.size(3) < options_.patch) {
      throw lafs::Error(fmt::format("\"images\" must be [B,3,H,W] with sides of {} or more, not {} dimensions with {} channels",
                                    options_.patch, images.dim(), images.dim() == 4 ? images.size(1) : 0));
    }
    at::Tensor x = cut_->forward(images, pass);
    for (size_t i = 0; i < space_.size(); ++i) {
      x = x + space_[i]->forward(x, pass);
      x = channels_[i]->forward(x, pass);
    }
    return x.mean({2, 3}).to(at::kFloat);
  }

 private:
  Options options_;
  std::shared_ptr<Mix> cut_;
  std::vector<std::shared_ptr<Mix>> space_, channels_;
};

}  // namespace

LAFS_PLUGIN(registrar) {
  registrar.add<ConvMixer>("conv_mixer", "patches mixed by depthwise and pointwise convolutions (Trockman and Kolter 2022)");
}
