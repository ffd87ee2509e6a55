#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/backbone.h"
#include "lafs/error.h"
#include "lafs/initialised.h"
#include "lafs/plugin.h"
#include "nn/layers/dims.h"
#include "nn/layers/dropout.h"
#include "nn/layers/layers.h"
#include "nn/layers/positions.h"
#include "nn/layers/tokens.h"
#include "nn/layers/tree.h"
#include "nn/models/transformer.h"

namespace {

struct Options {
  std::string size = "small";
  int64_t dim = 0, depth = 0, heads = 0, patch = 16, img_size = 224;
  double mlp_ratio = 4, eps = 1e-6, dropout = 0, drop_path = 0.1, init_std = 0.02, position_offset = 0.1;
  bool qkv_bias = true;

  void declare(lafs::Params& p) {
    p("size", size, lafs::one_of({"tiny", "small", "base", "custom"}), "12 blocks of width 192, 384 or 768; or custom");
    p("dim", dim, lafs::in(0, 16384), "width of a token and of the embedding, with size = \"custom\"");
    p("depth", depth, lafs::in(0, 256), "blocks, with size = \"custom\"");
    p("heads", heads, lafs::in(0, 256), "attention heads of a block, with size = \"custom\"; they share the width");
    p("patch", patch, lafs::in(1, 256), "side of a patch, pixels");
    p.quirk("M14", "img_size", img_size, 224, 0, "side of the pictures that the position table is for; 0: that of the input");
    p("mlp_ratio", mlp_ratio, lafs::in(0.01, 64), "hidden width of the feed-forward part over the width");
    p("eps", eps, lafs::in(1e-30, 1), "added to the variance by every norm");
    p("qkv_bias", qkv_bias, "queries, keys and values have a bias");
    p("dropout", dropout, lafs::in(0, 0.99), "dropout probability of the tokens, the attention's output and both feed-forward layers");
    p("drop_path", drop_path, lafs::in(0, 0.99), "probability that a row skips a branch of the last block; the first block's is 0");
    p("init_std", init_std, lafs::in(1e-6, 10), "deviation of the first tokens, positions and linear weights");
    p("position_offset", position_offset, lafs::in(0, 0.99), "patches added to a side before positions are interpolated, as DINO does");
  }
};

struct Size {
  int64_t dim, depth, heads;
};

Size size_of(const Options& o) {
  static const std::map<std::string, Size> presets{{"tiny", {192, 12, 3}}, {"small", {384, 12, 6}}, {"base", {768, 12, 12}}};
  const bool custom = o.size == "custom", given = o.dim > 0 || o.depth > 0 || o.heads > 0;
  if (custom && (o.dim == 0 || o.depth == 0 || o.heads == 0)) throw lafs::Error("size = \"custom\" needs dim, depth and heads");
  if (!custom && given) throw lafs::Error(fmt::format("dim, depth and heads are for size = \"custom\", not \"{}\"", o.size));
  if (custom && o.dim % o.heads != 0) throw lafs::Error(fmt::format("heads = {} does not divide dim = {}", o.heads, o.dim));
  return custom ? Size{o.dim, o.depth, o.heads} : presets.at(o.size);
}

/// DINO's vision transformer (models.md 9): a convolution cuts the patches, and learned positions are interpolated to any size.
class Vit final : public torch::nn::Module,
                  public lafs::Backbone,
                  public lafs::Masked,
                  public lafs::Attentive,
                  public lafs::Layered,
                  public lafs::Initialised {
 public:
  using Options = ::Options;

  Vit(const Options& options, const lafs::InputContract& input)
      : options_(options), size_(size_of(options)), grid_(grid_of(options, input)) {
    class_token_ = register_parameter("cls_token", torch::empty({1, 1, size_.dim}));
    positions_ = register_parameter("pos_embed", torch::empty({1, grid_ * grid_ + 1, size_.dim}));
    lafs::nn::Conv2d::Options cut;
    cut.out = size_.dim;
    cut.kernel = cut.stride = options.patch;
    embed_ = lafs::nn::put(*this, "patch_embed.proj", std::make_shared<lafs::nn::Conv2d>(cut));
    transformer_ = register_module("blocks", std::make_shared<lafs::nn::Transformer>(blocks(), ""));
    norm_ = register_module("norm", std::make_shared<lafs::nn::LayerNorm>(size_.dim, options.eps));
  }

  std::shared_ptr<torch::nn::Module> module() override { return shared_from_this(); }
  int64_t embed_dim() const override { return size_.dim; }

  at::Tensor forward(const at::Tensor& images, const lafs::Pass& pass) override {
    return norm_->forward(transformer_->class_token(sequence(images, pass), pass));
  }

  Grid patch_grid(int64_t height, int64_t width) const override { return {height / options_.patch, width / options_.patch}; }
  at::Tensor patch_pixels(const at::Tensor& images) const override {
    lafs::nn::check_dims(images, 4, "images");
    const auto [rows, columns] = patch_grid(images.size(2), images.size(3));
    const at::Tensor whole = images.slice(2, 0, rows * options_.patch).slice(3, 0, columns * options_.patch);
    return lafs::nn::cut_tokens(whole.contiguous(), options_.patch);
  }
  at::Tensor forward_kept(const at::Tensor& images, const at::Tensor& kept, const lafs::Pass& pass) override {
    return norm_->forward(transformer_->forward(sequence(images, pass, kept), pass));
  }

  std::vector<at::Tensor> attention(const at::Tensor& images) override {
    const at::NoGradGuard no_grad;
    return transformer_->attention(sequence(images, {}));
  }

  at::Tensor class_tokens(const at::Tensor& images, int64_t last_blocks, bool mean_patch) override {
    const at::NoGradGuard no_grad;
    return transformer_->class_tokens(sequence(images, {}), *norm_, last_blocks, mean_patch);
  }

  int64_t depth() const override { return size_.depth; }
  int64_t layer_of(std::string_view parameter) const override {
    if (const int64_t block = lafs::nn::child_number(parameter, "blocks"); block >= 0) return 1 + block;
    return parameter.starts_with("norm.") ? size_.depth + 1 : 0;
  }

  std::vector<lafs::InitRule> init_rules() const override {
    const auto shape = lafs::InitRule::Shape::truncated_normal;
    return {{"cls_token", shape, 0, options_.init_std}, {"pos_embed", shape, 0, options_.init_std}};
  }

 private:
  /// What carries the table to another number of patches.
  struct Resampling {
    at::Tensor rows, columns;  ///< [h,grid], [w,grid]
  };

  static int64_t grid_of(const Options& o, const lafs::InputContract& input) {
    if (o.img_size < 0) throw lafs::Error(fmt::format("img_size = {} is negative", o.img_size));
    if (o.img_size == 0 && input.height != input.width) {
      throw lafs::Error(fmt::format("img_size = 0 needs square pictures; the input has {} x {} pixels", input.height, input.width));
    }
    const int64_t side = o.img_size > 0 ? o.img_size : input.height;
    if (side < o.patch) throw lafs::Error(fmt::format("patch = {} is larger than the picture of {} pixels", o.patch, side));
    return side / o.patch;
  }

  std::vector<lafs::nn::Block::Options> blocks() const {
    std::vector<lafs::nn::Block::Options> all;
    for (int64_t i = 0; i < size_.depth; ++i) {
      lafs::nn::Block::Options block;
      block.dim = size_.dim;
      block.heads = size_.heads;
      block.dim_head = size_.dim / size_.heads;
      block.mlp_dim = static_cast<int64_t>(static_cast<double>(size_.dim) * options_.mlp_ratio);
      block.scale = 1 / std::sqrt(static_cast<double>(block.dim_head));
      block.dropout = options_.dropout;
      block.drop_path = options_.drop_path * static_cast<double>(i) / static_cast<double>(std::max<int64_t>(1, size_.depth - 1));
      block.eps = options_.eps;
      block.std = options_.init_std;
      block.qkv_bias = options_.qkv_bias;
      block.names = lafs::nn::Block::dino_names;
      all.push_back(block);
    }
    return all;
  }

  /// [B,3,H,W] -> [B,1+N,D], class token first, positions added; with `kept` [B,M] the class token and these patches. What is left beside
  /// whole patches is not looked at.
  at::Tensor sequence(const at::Tensor& images, const lafs::Pass& pass, const at::Tensor& kept = {}) {
    const auto [b, c, height, width] = lafs::nn::dims<4>(images, "images");
    if (c != 3) throw lafs::Error(fmt::format("\"images\" has {} channels, not 3", c));
    if (height < options_.patch || width < options_.patch) {
      throw lafs::Error(fmt::format("\"images\" has {} x {} pixels, less than a patch of {}", height, width, options_.patch));
    }
    const at::Tensor tokens = embed_->forward(images).flatten(2).transpose(1, 2);  // [B,N,D]
    at::Tensor x = at::cat({class_token_.expand({b, 1, size_.dim}), tokens}, 1) + positions_for(height, width);
    if (kept.defined()) x = at::cat({x.slice(1, 0, 1), lafs::nn::kept_tokens(x.slice(1, 1), kept)}, 1);
    return lafs::nn::drop(x, options_.dropout, pass, "embedding", {x.size(1), size_.dim});
  }

  /// [1,1+N,D] for pictures of that size.
  at::Tensor positions_for(int64_t height, int64_t width) {
    const int64_t rows = height / options_.patch, columns = width / options_.patch;
    if (rows * columns == grid_ * grid_ && height == width) return positions_;
    const Resampling& to = resampling_to(rows, columns);
    return lafs::nn::resampled_positions(positions_, to.rows, to.columns);
  }

  /// Remembered: making and moving them at each call would hold up a device.
  const Resampling& resampling_to(int64_t rows, int64_t columns) {
    Resampling& known = resamplings_[{rows, columns}];
    if (!known.rows.defined() || known.rows.device() != positions_.device()) {
      known.rows = lafs::nn::resampling_matrix(grid_, rows, options_.position_offset).to(positions_.options().requires_grad(false));
      known.columns = lafs::nn::resampling_matrix(grid_, columns, options_.position_offset).to(positions_.options().requires_grad(false));
    }
    return known;
  }

  Options options_;
  Size size_;
  int64_t grid_;  ///< patches along a side of the position table
  std::map<std::pair<int64_t, int64_t>, Resampling> resamplings_;
  at::Tensor class_token_, positions_;
  std::shared_ptr<lafs::nn::Conv2d> embed_;
  std::shared_ptr<lafs::nn::Transformer> transformer_;
  std::shared_ptr<lafs::nn::LayerNorm> norm_;
};

}  // namespace

LAFS_PLUGIN(registrar) { registrar.add<Vit>("vit", "vision transformer of DINO (Caron et al. 2021), tiny, small, base or any size"); }
