#include "nn/models/fvit.h"

#include <cmath>

#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "nn/layers/dims.h"
#include "nn/layers/dropout.h"
#include "nn/layers/tree.h"
#include "nn/loss/classifier.h"

namespace lafs::nn {

namespace {

int64_t patches_of(const FvitOptions& o, const InputContract& input) {
  if (o.num_patches == 0 && (input.height % o.patch != 0 || input.width % o.patch != 0)) {
    throw Error(fmt::format("patch = {} does not divide the input of {} x {} pixels", o.patch, input.height, input.width));
  }
  const int64_t patches = o.num_patches > 0 ? o.num_patches : (input.height / o.patch) * (input.width / o.patch);
  if (patches <= 15) throw Error(fmt::format("{} patches are too few; the model needs more than 15", patches));
  return patches;
}

std::vector<Block::Options> blocks_of(const FvitOptions& o) {
  std::vector<Block::Options> blocks;
  for (int64_t i = 0; i < o.depth; ++i) {
    Block::Options block;
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

}  // namespace

void FvitOptions::declare(Params& p) {
  p("patch", patch, in(1, 256), "side of a patch, pixels");
  p("dim", dim, in(1, 16384), "width of a token and of the embedding");
  p("depth", depth, in(1, 256), "blocks");
  p("heads", heads, in(1, 256), "attention heads of a block");
  p("dim_head", dim_head, in(1, 1024), "width of a head; heads * dim_head need not be dim (quirk M2)");
  p("mlp_dim", mlp_dim, in(1, 65536), "hidden width of the feed-forward part");
  p("dropout", dropout, in(0, 0.99), "dropout probability of the attention's output and of both feed-forward layers");
  p("emb_dropout", emb_dropout, in(0, 0.99), "dropout probability of the tokens once positions are added");
  p("drop_path", drop_path, in(0, 0.99), "probability that a row skips a branch");
  p.quirk("M9", "drop_path_schedule", drop_path_schedule, "constant", "linear", one_of({"constant", "linear"}),
          "the same drop_path in every block, or growing from 0 in the first to drop_path in the last");
  p.quirk("M1", "attention_scale", attention_scale, "width", "head", one_of({"width", "head"}),
          "attention logits times 1/sqrt(dim), or times 1/sqrt(dim_head)");
  p.quirk("M7", "token_init", token_init, "normal_1", "normal_0.02", one_of({"normal_1", "normal_0.02"}),
          "deviation of the initial positions and class token");
  p("pool", pool, one_of({"cls", "mean"}), "the class token, or the mean over all tokens with it");
  p("num_patches", num_patches, in(0, 1 << 20), "rows of the position table without the class token's; 0: the patches of the input");
  p("class_head", class_head, at_least(0), "classes of the reference's unused loss.weight; 0: none (quirk M11)");
}

FvitBase::FvitBase(const FvitOptions& options, const InputContract& input) : options_(options), patches_(patches_of(options, input)) {
  positions_ = register_parameter("pos_embedding", torch::empty({1, patches_ + 1, options.dim}));
  class_token_ = register_parameter("cls_token", torch::empty({1, 1, options.dim}));
}

void FvitBase::register_layers() {
  to_embedding_ = register_module("patch_to_embedding", std::make_shared<Linear>(token_dim(), options_.dim));
  transformer_ = register_module("transformer", std::make_shared<Transformer>(blocks_of(options_)));
  norm_ = put(*this, "mlp_head.0", std::make_shared<LayerNorm>(options_.dim));
  if (options_.class_head == 0) return;
  Classifier::Options head;
  head.classes = options_.class_head;
  head.width = options_.dim;
  register_module("loss", std::make_shared<Classifier>(head));
}

at::Tensor FvitBase::forward_tokens(const at::Tensor& tokens, const at::Tensor& position_rows, const Pass& pass) {
  const at::Tensor x = sequence(tokens, position_rows, pass);
  return norm_->forward(options_.pool == "cls" ? transformer_->class_token(x, pass) : transformer_->forward(x, pass).mean(1));
}

void FvitBase::check_positions(int64_t tokens) const {
  if (tokens >= 1 && tokens <= patches_) return;
  throw Error(fmt::format("\"tokens\" has {} tokens; the position table has rows for {}", tokens, patches_));
}

at::Tensor FvitBase::all_tokens(const at::Tensor& tokens, const at::Tensor& position_rows, const Pass& pass) {
  return norm_->forward(transformer_->forward(sequence(tokens, position_rows, pass), pass));
}

std::vector<at::Tensor> FvitBase::attention(const at::Tensor& images) {
  const at::NoGradGuard no_grad;
  return transformer_->attention(sequence(tokens_of(images, {}), {}, {}));
}

at::Tensor FvitBase::class_tokens(const at::Tensor& images, int64_t last_blocks, bool mean_patch) {
  const at::NoGradGuard no_grad;
  return transformer_->class_tokens(sequence(tokens_of(images, {}), {}, {}), *norm_, last_blocks, mean_patch);
}

int64_t FvitBase::layer_of(std::string_view parameter) const {
  if (const int64_t block = child_number(parameter, "transformer.layers"); block >= 0) return 1 + block;
  const bool follows = parameter.starts_with("mlp_head.") || parameter.starts_with("loss.");
  return follows ? options_.depth + 1 : 0;
}

std::vector<InitRule> FvitBase::init_rules() const {
  const double std = options_.token_init == "normal_1" ? 1 : 0.02;
  return {{"pos_embedding", InitRule::Shape::normal, 0, std}, {"cls_token", InitRule::Shape::normal, 0, std}};
}

/// tokens [B,N,P] -> [B,1+N,D], class token first, positions added.
at::Tensor FvitBase::sequence(const at::Tensor& tokens, const at::Tensor& position_rows, const Pass& pass) {
  const auto [b, n, width] = dims<3>(tokens, "tokens");
  if (width != token_dim()) throw Error(fmt::format("\"tokens\" has {} numbers a token, not {}", width, token_dim()));
  check_positions(n);
  at::Tensor x = at::cat({class_token_.expand({b, 1, options_.dim}), to_embedding_->forward(tokens)}, 1);
  // Positions are a prefix of the table, whatever the tokens show (quirk M6), unless the caller names rows.
  x = x + (position_rows.defined() ? rows_of(position_rows, b, n) : positions_.slice(1, 0, n + 1));
  return drop(x, options_.emb_dropout, pass, "embedding", {n + 1, options_.dim});
}

at::Tensor FvitBase::rows_of(const at::Tensor& position_rows, int64_t b, int64_t n) {
  const auto [rows, columns] = dims<2>(position_rows, "position_rows");
  if (rows != b || columns != n) {
    throw Error(fmt::format("\"position_rows\" has shape [{}, {}], not [{}, {}] as the tokens", rows, columns, b, n));
  }
  const at::Tensor chosen = positions_[0].index_select(0, position_rows.reshape({-1})).view({b, n, options_.dim});
  return at::cat({positions_.slice(1, 0, 1).expand({b, 1, options_.dim}), chosen}, 1);
}

}  // namespace lafs::nn
