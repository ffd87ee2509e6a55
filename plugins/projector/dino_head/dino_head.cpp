#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <ATen/autocast_mode.h>
#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "lafs/initialised.h"
#include "lafs/plugin.h"
#include "lafs/projector.h"
#include "nn/layers/batch_norm.h"
#include "nn/layers/dims.h"
#include "nn/layers/function.h"
#include "nn/layers/layers.h"
#include "nn/layers/tree.h"

namespace {

struct Options {
  int64_t hidden = 2048, bottleneck = 256, outputs = 65536, layers = 3;
  bool batch_norm = false, norm_last_layer = true;
  double init_std = 0.02;

  void declare(lafs::Params& p) {
    p("hidden", hidden, lafs::in(1, 65536), "width between the layers");
    p("bottleneck", bottleneck, lafs::in(1, 65536), "width of the unit vectors that meet the prototypes");
    p("outputs", outputs, lafs::in(1, 1 << 24), "prototypes; the DINO paper has 65536, LAFS 100000");
    p("layers", layers, lafs::in(1, 4), "linear layers before the prototypes");
    p("batch_norm", batch_norm, "normalise over the batch between a hidden layer and its GELU");
    p("norm_last_layer", norm_last_layer, "keep the prototypes at length 1, so that logits are cosines");
    p("init_std", init_std, lafs::in(1e-6, 1), "deviation of the first weights of the linear layers; biases start as 0");
  }
};

/// logits [B,K] = x [B,D] times rows g_k v_k/|v_k|. The rows are formed in fp32 and live only while they are needed, in the type of the
/// product: for 65,536 prototypes they are as large as the weights, and autograd would keep several copies.
struct UnitRows {
  /// `product`: scalar type of the product; the logits' type where it is a half type.
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x, const at::Tensor& v, const at::Tensor& g,
                            int64_t product) {
    const at::Tensor norms = at::linalg_vector_norm(v, 2, {1}, true);  // [K,1]
    context->save_for_backward({x, v, g, norms});
    context->saved_data["product"] = product;
    const auto type = static_cast<at::ScalarType>(product);
    return at::mm(x.to(type), rows(v, g, norms, type).t());
  }

  static std::vector<at::Tensor> backward(torch::autograd::AutogradContext* context, const at::Tensor& gradient) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &v = saved[1], &g = saved[2], &norms = saved[3];
    const auto type = static_cast<at::ScalarType>(context->saved_data["product"].toInt());
    const at::Tensor dlogits = gradient.to(type);
    at::Tensor dx, dv, dg;
    if (context->needs_input_grad(0)) dx = at::mm(dlogits, rows(v, g, norms, type));
    if (context->needs_input_grad(1) || context->needs_input_grad(2)) {
      dv = at::mm(dlogits.t(), x.to(type)).to(v.scalar_type());    // of the rows g v/|v|
      const at::Tensor along = (dv * v).sum(1, true).div_(norms);  // [K,1], the part that only changes lengths
      if (context->needs_input_grad(2)) dg = along;
      dv.mul_(g / norms).addcmul_(v, along * g / norms.square(), -1);
    }
    return {dx, dv, dg, {}};
  }

 private:
  static at::Tensor rows(const at::Tensor& v, const at::Tensor& g, const at::Tensor& norms, at::ScalarType type) {
    at::Tensor out = at::empty(v.sizes(), v.options().dtype(type));
    return at::mul_out(out, v, g / norms);
  }
};

/// The last layer: prototypes under weight normalisation, `weight_g` [K,1] and `weight_v` [K,D] (models.md 10).
class PrototypeLayer final : public torch::nn::Module, public lafs::Initialised {
 public:
  PrototypeLayer(int64_t width, int64_t outputs, bool unit) {
    weight_g_ = register_parameter("weight_g", torch::empty({outputs, 1}), !unit);
    weight_v_ = register_parameter("weight_v", torch::empty({outputs, width}));
  }

  at::Tensor forward(const at::Tensor& x) const {
    const auto device = x.device().type();
    const auto product = at::autocast::is_autocast_enabled(device) ? at::autocast::get_autocast_dtype(device) : weight_v_.scalar_type();
    return lafs::nn::Function<UnitRows>::apply(x, weight_v_, weight_g_, static_cast<int64_t>(product));
  }

  std::vector<lafs::InitRule> init_rules() const override {
    const double bound = 1 / std::sqrt(static_cast<double>(weight_v_.size(1)));
    return {{"weight_g", lafs::InitRule::Shape::constant, 1}, {"weight_v", lafs::InitRule::Shape::uniform, -bound, bound}};
  }

 private:
  at::Tensor weight_g_, weight_v_;
};

/// The projection head of DINO: linear layers with GELU, a unit vector, its products with the prototypes (models.md 10).
class DinoHead final : public torch::nn::Module, public lafs::Projector, public lafs::Prototypes {
 public:
  using Options = ::Options;

  DinoHead(const Options& options, int64_t input_width) : options_(options), input_width_(input_width) {
    for (int64_t i = 0; i < options.layers; ++i) {
      const bool last = i == options.layers - 1;
      const int64_t in = i == 0 ? input_width : options.hidden, out = last ? options.bottleneck : options.hidden;
      const int64_t place = i * (options.batch_norm ? 3 : 2);
      const std::string name = options.layers == 1 ? "mlp" : fmt::format("mlp.{}", place);
      linears_.push_back(lafs::nn::put(*this, name, std::make_shared<lafs::nn::Linear>(in, out, true, options.init_std)));
      if (options.batch_norm && !last) {
        norms_.push_back(lafs::nn::put(*this, fmt::format("mlp.{}", place + 1), std::make_shared<lafs::nn::BatchNorm>(out)));
      }
    }
    last_layer_ =
        register_module("last_layer", std::make_shared<PrototypeLayer>(options.bottleneck, options.outputs, options.norm_last_layer));
  }

  std::shared_ptr<torch::nn::Module> module() override { return shared_from_this(); }
  int64_t outputs() const override { return options_.outputs; }
  std::vector<std::string> prototypes() const override { return {"last_layer.weight_g", "last_layer.weight_v"}; }

  at::Tensor forward(const at::Tensor& embedding, const lafs::Pass& pass) override {
    const auto [b, width] = lafs::nn::dims<2>(embedding, "embedding");
    if (width != input_width_) throw lafs::Error(fmt::format("\"embedding\" has width {}, not {}", width, input_width_));
    at::Tensor x = embedding;
    for (size_t i = 0; i < linears_.size(); ++i) {
      x = linears_[i]->forward(x);
      if (i + 1 == linears_.size()) break;
      if (i < norms_.size()) x = norms_[i]->forward(x, pass);
      x = at::gelu(x);
    }
    x = lafs::nn::widened(x);
    return last_layer_->forward(x / x.norm(2, {1}, true).clamp_min(1e-12));
  }

 private:
  Options options_;
  int64_t input_width_;
  std::vector<std::shared_ptr<lafs::nn::Linear>> linears_;
  std::vector<std::shared_ptr<lafs::nn::BatchNorm>> norms_;
  std::shared_ptr<PrototypeLayer> last_layer_;
};

}  // namespace

LAFS_PLUGIN(registrar) {
  registrar.add<DinoHead>("dino_head", "projection head with weight-normalised prototypes (Caron et al. 2021), as LAFS uses it");
}
