#include <cmath>
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
#include "nn/classifier.h"
#include "nn/dims.h"
#include "nn/layers.h"
#include "nn/tokens.h"
#include "nn/transformer.h"
#include "nn/tree.h"

namespace {

struct Options {
  int64_t patch = 8, dim = 768, depth = 12, heads = 11, dim_head = 64, mlp_dim = 2048;
  double dropout = 0.1, emb_dropout = 0.1, drop_path = 0.1;
  std::string drop_path_schedule = "constant", attention_scale = "width", token_init = "normal_1", pool = "cls";
  int64_t num_patches = 0, class_head = 0;

  void declare(lafs::Params& p) {
    p("patch", patch, lafs::in(1, 256), "side of a patch, pixels");
    p("dim", dim, lafs::in(1, 16384), "width of a token and of the embedding");
    p("depth", depth, lafs::in(1, 256), "blocks");
    p("heads", heads, lafs::in(1, 256), "attention heads of a block");
    p("dim_head", dim_head, lafs::in(1, 1024), "width of a head; heads * dim_head need not be dim (quirk M2)");
    p("mlp_dim", mlp_dim, lafs::in(1, 65536), "hidden width of the feed-forward part");
    p("dropout", dropout, lafs::in(0, 0.99), "of the attention's output and of both feed-forward layers");
    p("emb_dropout", emb_dropout, lafs::in(0, 0.99), "of the tokens once positions are added");
    p("drop_path", drop_path, lafs::in(0, 0.99), "probability that a row skips a branch");
    p.quirk("M9", "drop_path_schedule", drop_path_schedule, "constant", "linear", lafs::one_of({"constant", "linear"}),
            "the same drop_path in every block, or growing from 0 in the first to drop_path in the last");
    p.quirk("M1", "attention_scale", attention_scale, "width", "head", lafs::one_of({"width", "head"}),
            "attention logits times 1/sqrt(dim), or times 1/sqrt(dim_head)");
    p.quirk("M7", "token_init", token_init, "normal_1", "normal_0.02", lafs::one_of({"normal_1", "normal_0.02"}),
            "deviation of the initial positions and class token");
    p("pool", pool, lafs::one_of({"cls", "mean"}), "the class token, or the mean over all tokens with it");
    p("num_patches", num_patches, lafs::in(0, 1 << 20),
      "rows of the position table without the class token's; 0: the patches of the input");
    p("class_head", class_head, lafs::at_least(0), "classes of the reference's unused loss.weight; 0: none (quirk M11)");
  }
};

/// fViT (models.md 2): a transformer on patches whose channels run fastest, with learned positions that are never interpolated.
class Fvit final : public torch::nn::Module,
                   public lafs::Backbone,
                   public lafs::Tokenised,
                   public lafs::Attentive,
                   public lafs::Initialised {
 public:
  using Options = ::Options;

  Fvit(const Options& options, const lafs::InputContract& input) : options_(options), patches_(patches_of(options, input)) {
    positions_ = register_parameter("pos_embedding", torch::empty({1, patches_ + 1, options.dim}));
    class_token_ = register_parameter("cls_token", torch::empty({1, 1, options.dim}));
    to_embedding_ = register_module("patch_to_embedding", std::make_shared<lafs::Linear>(token_dim(), options.dim));
    transformer_ = register_module("transformer", std::make_shared<lafs::Transformer>(blocks_of(options)));
    norm_ = lafs::put(*this, "mlp_head.0", std::make_shared<lafs::LayerNorm>(options.dim));
    if (options.class_head > 0) {
      lafs::Classifier::Options head;
      head.classes = options.class_head;
      head.width = options.dim;
      register_module("loss", std::make_shared<lafs::Classifier>(head));
    }
  }

  std::shared_ptr<torch::nn::Module> module() override { return shared_from_this(); }
  int64_t embed_dim() const override { return options_.dim; }
  int64_t token_dim() const override { return options_.patch * options_.patch * 3; }
  int64_t max_tokens() const override { return patches_; }

  at::Tensor forward(const at::Tensor& images, const lafs::Pass& pass) override { return forward_tokens(tokens_of(images), {}, pass); }

  at::Tensor forward_tokens(const at::Tensor& tokens, const at::Tensor& position_rows, const lafs::Pass& pass) override {
    return pooled(transformer_->forward(sequence(tokens, position_rows, pass), pass));
  }

  std::vector<at::Tensor> attention(const at::Tensor& images) override {
    const at::NoGradGuard no_grad;
    std::vector<at::Tensor> out;
    at::Tensor x = sequence(tokens_of(images), {}, {});
    for (const auto& block : transformer_->blocks()) {
      out.push_back(block->attention(x));
      x = block->forward(x, {});
    }
    return out;
  }

  at::Tensor class_tokens(const at::Tensor& images, int64_t last_blocks) override {
    if (last_blocks < 1 || last_blocks > options_.depth) {
      throw lafs::Error(fmt::format("\"last_blocks\" is {}; the model has {} blocks", last_blocks, options_.depth));
    }
    const at::NoGradGuard no_grad;
    std::vector<at::Tensor> out;
    at::Tensor x = sequence(tokens_of(images), {}, {});
    for (const auto& block : transformer_->blocks()) {
      x = block->forward(x, {});
      out.push_back(norm_->forward(x.select(1, 0)));
    }
    return at::stack(at::TensorList(out).slice(out.size() - static_cast<size_t>(last_blocks)), 1);
  }

  std::vector<lafs::InitRule> init_rules() const override {
    const double std = options_.token_init == "normal_1" ? 1 : 0.02;
    return {{"pos_embedding", lafs::InitRule::Shape::normal, 0, std}, {"cls_token", lafs::InitRule::Shape::normal, 0, std}};
  }

 private:
  static int64_t patches_of(const Options& o, const lafs::InputContract& input) {
    if (o.num_patches == 0 && (input.height % o.patch != 0 || input.width % o.patch != 0)) {
      throw lafs::Error(fmt::format("patch = {} does not divide the input of {} x {} pixels", o.patch, input.height, input.width));
    }
    const int64_t patches = o.num_patches > 0 ? o.num_patches : (input.height / o.patch) * (input.width / o.patch);
    if (patches <= 15) throw lafs::Error(fmt::format("{} patches are too few; the model needs more than 15", patches));
    return patches;
  }

  static std::vector<lafs::Block::Options> blocks_of(const Options& o) {
    std::vector<lafs::Block::Options> blocks;
    for (int64_t i = 0; i < o.depth; ++i) {
      lafs::Block::Options block;
      block.dim = o.dim;
      block.heads = o.heads;
      block.dim_head = o.dim_head;
      block.mlp_dim = o.mlp_dim;
      block.scale = 1 / std::sqrt(static_cast<double>(o.attention_scale == "width" ? o.dim : o.dim_head));
      block.dropout = o.dropout;
      const bool constant = o.drop_path_schedule == "constant" || o.depth == 1;
      block.drop_path = constant ? o.drop_path : o.drop_path * static_cast<double>(i) / static_cast<double>(o.depth - 1);
      blocks.push_back(block);
    }
    return blocks;
  }

  at::Tensor tokens_of(const at::Tensor& images) const {
    const auto [b, c, height, width] = lafs::dims<4>(images, "images");
    if (c != 3) throw lafs::Error(fmt::format("\"images\" has {} channels, not 3", c));
    return lafs::cut_tokens(images, options_.patch);
  }

  /// tokens [B,N,P] -> [B,1+N,D], class token first, positions added.
  at::Tensor sequence(const at::Tensor& tokens, const at::Tensor& position_rows, const lafs::Pass& pass) {
    const auto [b, n, width] = lafs::dims<3>(tokens, "tokens");
    if (width != token_dim()) throw lafs::Error(fmt::format("\"tokens\" has {} numbers a token, not {}", width, token_dim()));
    if (n < 1 || n > patches_) throw lafs::Error(fmt::format("\"tokens\" has {} tokens; the position table has rows for {}", n, patches_));
    at::Tensor x = at::cat({class_token_.expand({b, 1, options_.dim}), to_embedding_->forward(tokens)}, 1);
    // Positions are a prefix of the table, whatever the tokens show (quirk M6), unless the caller names rows.
    x = x + (position_rows.defined() ? rows_of(position_rows, b, n) : positions_.slice(1, 0, n + 1));
    return lafs::drop(x, options_.emb_dropout, pass, "embedding", {n + 1, options_.dim});
  }

  at::Tensor rows_of(const at::Tensor& position_rows, int64_t b, int64_t n) {
    const auto [rows, columns] = lafs::dims<2>(position_rows, "position_rows");
    if (rows != b || columns != n) {
      throw lafs::Error(fmt::format("\"position_rows\" has shape [{}, {}], not [{}, {}] as the tokens", rows, columns, b, n));
    }
    const at::Tensor chosen = positions_[0].index_select(0, position_rows.reshape({-1})).view({b, n, options_.dim});
    return at::cat({positions_.slice(1, 0, 1).expand({b, 1, options_.dim}), chosen}, 1);
  }

  at::Tensor pooled(const at::Tensor& x) const { return norm_->forward(options_.pool == "cls" ? x.select(1, 0) : x.mean(1)); }

  Options options_;
  int64_t patches_;
  at::Tensor positions_, class_token_;
  std::shared_ptr<lafs::Linear> to_embedding_;
  std::shared_ptr<lafs::Transformer> transformer_;
  std::shared_ptr<lafs::LayerNorm> norm_;
};

}  // namespace

LAFS_PLUGIN(registrar) {
  registrar.add<Fvit>("fvit", "vision transformer of faces on 8 x 8 patches, the encoder of LAFS (Sun et al. 2024)");
}
