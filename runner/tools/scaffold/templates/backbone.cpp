#include <memory>

#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/backbone.h"
#include "lafs/error.h"
#include "lafs/plugin.h"
#include "nn/layers/layers.h"

namespace {

/// Two convolutions, the mean over the places, and a linear layer. Layers of sdk/nn say how their parameters start; a module with own
/// parameters says so through `lafs::Initialised`.
class MyPlugin final : public torch::nn::Module, public lafs::Backbone {
 public:
  struct Options {
    int64_t channels = 32, dim = 64;

    void declare(lafs::Params& p) {
      p("channels", channels, lafs::in(1, 4096), "channels of the convolutions");
      p("dim", dim, lafs::in(1, 8192), "width of the embedding");
    }
  };

  MyPlugin(const Options& options, const lafs::InputContract&) : options_(options) {
    first_ = register_module("first", std::make_shared<lafs::nn::Conv2d>(lafs::nn::Conv2d::Options{3, options.channels, 7, 4, 3}));
    second_ = register_module("second",
                              std::make_shared<lafs::nn::Conv2d>(lafs::nn::Conv2d::Options{options.channels, options.channels, 3, 2, 1}));
    last_ = register_module("last", std::make_shared<lafs::nn::Linear>(options.channels, options.dim));
  }

  std::shared_ptr<torch::nn::Module> module() override { return shared_from_this(); }
  int64_t embed_dim() const override { return options_.dim; }

  /// [B,3,H,W] -> [B,dim]. `pass.draws` is where dropout and the like get their chance from.
  at::Tensor forward(const at::Tensor& images, const lafs::Pass&) override {
    if (images.dim() != 4 || images.size(1) != 3) {
      throw lafs::Error(fmt::format("\"images\" must be [B,3,H,W], and it has {} dimensions, of which the second is {}", images.dim(),
                                    images.dim() > 1 ? images.size(1) : 0));
    }
    const at::Tensor places = at::gelu(second_->forward(at::gelu(first_->forward(images))));
    return last_->forward(places.mean({2, 3})).to(at::kFloat);
  }

 private:
  Options options_;
  std::shared_ptr<lafs::nn::Conv2d> first_, second_;
  std::shared_ptr<lafs::nn::Linear> last_;
};

}  // namespace

// When a change of yours alters numbers, raise the revision, a last argument: registrar.add<...>("my_plugin", "...", 2). Runs that are
// finished are then not taken for runs of the new code.
LAFS_PLUGIN(registrar) { registrar.add<MyPlugin>("my_plugin", "two convolutions and a linear layer"); }
