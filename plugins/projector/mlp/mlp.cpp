#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "lafs/plugin.h"
#include "lafs/projector.h"
#include "nn/layers/batch_norm.h"
#include "nn/layers/dims.h"
#include "nn/layers/layers.h"

namespace {

/// The projector, and the predictor, of SimCLR and the methods after it: linear layers, with a norm over the batch and a ReLU between
/// them. Linear layers have a bias only where a ReLU follows without a norm, as in the published code. Parts are numbered as in Python's
/// `nn.Sequential` of linear, norm, ReLU: "0.weight", "1.weight", "3.weight".
class Mlp final : public torch::nn::Module, public lafs::Projector {
 public:
  struct Options {
    int64_t hidden = 4096, outputs = 256, layers = 2;
    bool batch_norm = true, over_ranks = true;
    std::string last_norm = "none";

    void declare(lafs::Params& p) {
      p("hidden", hidden, lafs::in(1, 65536),
        "width between the layers; BYOL and MoCo v3 have 4096, Barlow Twins and VICReg 8192, SimCLR 2048");
      p("outputs", outputs, lafs::in(1, 65536), "width of the output; BYOL and MoCo v3 have 256, Barlow Twins and VICReg 8192, SimCLR 128");
      p("layers", layers, lafs::in(1, 16),
        "linear layers; BYOL and SimCLR have 2, Barlow Twins and VICReg 3, MoCo v3 3 and in its predictor 2");
      p("batch_norm", batch_norm, "normalise over the batch between a linear layer and its ReLU");
      p("last_norm", last_norm, lafs::one_of({"none", "plain", "affine"}),
        "norm over the batch behind the last layer; plain: without slope and shift, as MoCo v3 has it; affine: with both");
      p("norm_over_ranks", over_ranks, "take the statistics of a norm over all ranks; false: of each by itself");
    }
  };

  Mlp(const Options& options, int64_t input_width) : options_(options), input_width_(input_width) {
    int64_t place = 0, in = input_width;
    for (int64_t i = 0; i < options.layers; ++i) {
      const bool last = i == options.layers - 1, norm = last ? options.last_norm != "none" : options.batch_norm;
      const int64_t out = last ? options.outputs : options.hidden;
      Layer layer;
      layer.linear = register_module(fmt::format("{}", place++), std::make_shared<lafs::nn::Linear>(in, out, !last && !norm));
      if (norm) {
        lafs::nn::BatchNormOptions numbers;
        numbers.affine = !last || options.last_norm == "affine";
        numbers.over_ranks = options.over_ranks;
        layer.norm = register_module(fmt::format("{}", place++), std::make_shared<lafs::nn::BatchNorm>(out, numbers));
      }
      ++place;  // the ReLU
      layers_.push_back(layer);
      in = out;
    }
  }

  std::shared_ptr<torch::nn::Module> module() override { return shared_from_this(); }
  int64_t outputs() const override { return options_.outputs; }

  at::Tensor forward(const at::Tensor& embedding, const lafs::Pass& pass) override {
    const auto [b, width] = lafs::nn::dims<2>(embedding, "embedding");
    if (width != input_width_) throw lafs::Error(fmt::format("\"embedding\" has width {}, not {}", width, input_width_));
    at::Tensor x = embedding;
    for (size_t i = 0; i < layers_.size(); ++i) {
      if (i > 0) x = at::relu(x);
      x = layers_[i].linear->forward(x);
      if (layers_[i].norm) x = layers_[i].norm->forward(x, pass);
    }
    return x;
  }

 private:
  struct Layer {
    std::shared_ptr<lafs::nn::Linear> linear;
    std::shared_ptr<lafs::nn::BatchNorm> norm;
  };

  Options options_;
  int64_t input_width_;
  std::vector<Layer> layers_;
};

}  // namespace

LAFS_PLUGIN(registrar) {
  registrar.add<Mlp>("mlp", "linear layers with norms over the batch and ReLU between them, as SimCLR and later methods have");
}
