#include <cmath>
#include <memory>
#include <vector>

#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/assembly.h"
#include "lafs/backbone.h"
#include "lafs/error.h"
#include "lafs/initialised.h"
#include "lafs/objective.h"
#include "lafs/plugin.h"
#include "lafs/suggestion.h"
#include "nn/layers/function.h"
#include "nn/layers/layers.h"
#include "nn/layers/positions.h"
#include "nn/layers/tokens.h"
#include "nn/layers/tree.h"
#include "nn/models/transformer.h"

namespace {

struct Options {
  double mask_ratio = 0.75;
  int64_t dim = 512, depth = 8, heads = 16;
  bool normalise = true;

  void declare(lafs::Params& p) {
    p("mask_ratio", mask_ratio, lafs::in(0.01, 0.99), "share of the patches that the network does not see");
    p("decoder_dim", dim, lafs::in(4, 16384), "width of the decoder, which only training has; a multiple of 4 and of decoder_heads");
    p("decoder_depth", depth, lafs::in(1, 256), "blocks of the decoder");
    p("decoder_heads", heads, lafs::in(1, 256), "attention heads of a block of the decoder");
    p("normalise_pixels", normalise, "predict the pixels of a patch less their mean, over their deviation; false: as they are");
  }
};

/// Masked autoencoder (He et al., CVPR 2022, arXiv:2111.06377): the backbone sees a quarter of the patches, and a small decoder guesses the
/// pixels of the others. With x the P pixels of a hidden patch, normalised, and x' what the decoder says, the loss is the mean of
/// |x - x'|^2 / P over all hidden patches. The tree:
/// `backbone`, `decoder`, the parameter `mask_token` and the buffer `positions`.
class Mae final : public torch::nn::Module, public lafs::Objective, public lafs::Initialised {
 public:
  using Options = ::Options;

  Mae(const Options& options, lafs::Assembly& assembly) : options_(options), backbone_(assembly.backbone()) {
    masked_ = dynamic_cast<lafs::Masked*>(backbone_.get());
    if (!masked_) {
      const auto able = assembly.plugins_with(lafs::Backbone::kind, "masks");
      throw lafs::Error("the backbone cannot leave patches out" + lafs::suggest_capable(able));
    }
    if (options.dim % 4 != 0 || options.dim % options.heads != 0) {
      throw lafs::Error(fmt::format("decoder_dim = {} must be a multiple of 4 and of decoder_heads = {}", options.dim, options.heads));
    }
    const lafs::InputContract& input = assembly.input();
    grid_ = masked_->patch_grid(input.height, input.width);
    count_patches(grid_.rows * grid_.columns);
    const at::Tensor one = at::zeros({1, 3, input.height, input.width});
    register_module("backbone", backbone_->module());
    mask_ = register_parameter("mask_token", at::empty({1, 1, options.dim}));
    positions_ = register_buffer("positions", lafs::nn::sine_positions(grid_.rows, grid_.columns, options.dim));
    embed_ = lafs::nn::put(*this, "decoder.embed", std::make_shared<lafs::nn::Linear>(backbone_->embed_dim(), options.dim, true, 0.02));
    blocks_ = lafs::nn::put(*this, "decoder.blocks", std::make_shared<lafs::nn::Transformer>(blocks(), ""));
    norm_ = lafs::nn::put(*this, "decoder.norm", std::make_shared<lafs::nn::LayerNorm>(options.dim, 1e-6));
    const int64_t pixels = masked_->patch_pixels(one).size(2);
    guess_ = lafs::nn::put(*this, "decoder.pixels", std::make_shared<lafs::nn::Linear>(options.dim, pixels, true, 0.02));
  }

  std::shared_ptr<torch::nn::Module> module() override { return shared_from_this(); }
  std::string encoder() const override { return "backbone"; }
  std::vector<lafs::ViewNeed> required_views() const override { return {{"global", 1, false, 1}, {"local", 0, false, 0}}; }
  std::vector<lafs::InitRule> init_rules() const override { return {{"mask_token", lafs::InitRule::Shape::normal, 0, 0.02}}; }

  lafs::Tensor loss(const lafs::Batch& batch, const lafs::Step& step) override {
    const at::Tensor images = batch.views("global")[0];  // [B,3,H,W]
    check_size(images);
    const lafs::Pass pass = step.pass().views(1);
    const at::Tensor order = shuffled(images, pass.draws.get());  // [B,N]
    const at::Tensor kept = order.slice(1, 0, kept_), hidden = order.slice(1, kept_);
    const at::Tensor seen = masked_->forward_kept(images, kept, pass.scope("backbone"));  // [B,1+M,D]
    const at::Tensor guesses = decode(seen, order, pass.scope("decoder"));                // [B,N-M,P]
    const lafs::nn::AutocastOff off;
    const at::Tensor wanted = targets(lafs::nn::kept_tokens(masked_->patch_pixels(images), hidden));
    const at::Tensor error = at::mse_loss(lafs::nn::widened(guesses), wanted);
    step.reporter.value("explained", 1 - error.detach() / wanted.var(/*unbiased=*/false).clamp_min(1e-12));
    return error;
  }

 private:
  /// The decoder has positions for pictures of the input's size.
  void check_size(const at::Tensor& images) const {
    const auto [rows, columns] = masked_->patch_grid(images.size(2), images.size(3));
    if (rows == grid_.rows && columns == grid_.columns) return;
    throw lafs::Error(fmt::format("a view of {} x {} pixels has {} x {} patches, the input {} x {}; give views the size of [input]",
                                  images.size(2), images.size(3), rows, columns, grid_.rows, grid_.columns));
  }

  void count_patches(int64_t patches) {
    kept_ = static_cast<int64_t>(static_cast<double>(patches) * (1 - options_.mask_ratio));
    patches_ = patches;
    if (kept_ >= 1 && kept_ < patches) return;
    throw lafs::Error(
        fmt::format("mask_ratio = {} leaves {} of the {} patches of a picture to be seen; at least one must be seen and one hidden",
                    options_.mask_ratio, kept_, patches));
  }

  std::vector<lafs::nn::Block::Options> blocks() const {
    lafs::nn::Block::Options block;
    block.dim = options_.dim;
    block.heads = options_.heads;
    block.dim_head = options_.dim / options_.heads;
    block.mlp_dim = 4 * options_.dim;
    block.eps = 1e-6;
    block.std = 0.02;
    block.qkv_bias = true;
    block.names = lafs::nn::Block::dino_names;
    return std::vector<lafs::nn::Block::Options>(static_cast<size_t>(options_.depth), block);
  }

  /// All patches of each picture, those first that are seen; without chance as they lie.
  at::Tensor shuffled(const at::Tensor& images, const lafs::Draws* draws) const {
    if (draws) return draws->permutations("patches", patches_);
    return at::arange(patches_, images.options().dtype(at::kLong)).expand({images.size(0), -1});
  }

  /// Tokens stay in shuffled order, each with the position of its patch: attention does not look at the order.
  at::Tensor decode(const at::Tensor& seen, const at::Tensor& order, const lafs::Pass& pass) {
    const int64_t b = seen.size(0);
    const at::Tensor known = embed_->forward(seen);
    const at::Tensor places = lafs::nn::kept_tokens(positions_.slice(1, 1).expand({b, -1, -1}), order);
    const at::Tensor blanks = mask_.to(known.scalar_type()).expand({b, patches_ - kept_, -1});
    const at::Tensor tokens = at::cat({known, blanks}, 1) + at::cat({positions_.slice(1, 0, 1).expand({b, -1, -1}), places}, 1);
    return guess_->forward(norm_->forward(blocks_->forward(tokens, pass)).slice(1, 1 + kept_));
  }

  at::Tensor targets(const at::Tensor& pixels) const {
    if (!options_.normalise) return pixels;
    return (pixels - pixels.mean(2, true)) / (pixels.var(2, /*unbiased=*/true, /*keepdim=*/true) + 1e-6).sqrt();
  }

  Options options_;
  lafs::Masked::Grid grid_;
  int64_t patches_ = 0, kept_ = 0;
  std::shared_ptr<lafs::Backbone> backbone_;
  lafs::Masked* masked_ = nullptr;
  at::Tensor mask_, positions_;
  std::shared_ptr<lafs::nn::Linear> embed_, guess_;
  std::shared_ptr<lafs::nn::Transformer> blocks_;
  std::shared_ptr<lafs::nn::LayerNorm> norm_;
};

}  // namespace

LAFS_PLUGIN(registrar) {
  registrar.add<Mae>("mae", "masked autoencoder: guesses the pixels of patches that the backbone did not see (He et al. 2022)");
}
