#include "nn/models/transformer.h"

#include <cmath>

#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/softmax.h>
#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "nn/layers/branch_rows.h"
#include "nn/layers/dims.h"
#include "nn/layers/fused_drop.h"
#include "nn/layers/tree.h"

namespace lafs::nn {

Block::Block(const Options& options) : options_(options) {
  if (options_.scale == 0) options_.scale = 1 / std::sqrt(static_cast<double>(options.dim_head));
  const int64_t inner = options.heads * options.dim_head;
  const Names& names = options.names;
  attention_norm_ = put(*this, names.attention_norm, std::make_shared<LayerNorm>(options.dim, options.eps));
  to_qkv_ = put(*this, names.qkv, std::make_shared<Linear>(options.dim, 3 * inner, options.qkv_bias, options.std));
  to_out_ = put(*this, names.out, std::make_shared<Linear>(inner, options.dim, true, options.std));
  feed_norm_ = put(*this, names.feed_norm, std::make_shared<LayerNorm>(options.dim, options.eps));
  widen_ = put(*this, names.widen, std::make_shared<Linear>(options.dim, options.mlp_dim, true, options.std));
  narrow_ = put(*this, names.narrow, std::make_shared<Linear>(options.mlp_dim, options.dim, true, options.std));
}

at::Tensor Block::forward(const at::Tensor& x, const Pass& pass) { return feed_forward(self_attention(x, pass), pass); }

at::Tensor Block::self_attention(const at::Tensor& x, const Pass& pass) {
  const BranchRows rows(x, {options_.drop_path, "attention_path"}, pass);
  return rows.add(x, attention_output(qkv(rows.of(x))), {options_.dropout, "attention"});
}

at::Tensor Block::class_token(const at::Tensor& x, const Pass& pass) {
  // Draws with row keys give token 0 the same dropout whether the others are there or not; others need the whole mask.
  if (pass.training && pass.draws && pass.draws->row_keys("attention").empty()) return forward(x, pass).select(1, 0);
  const BranchRows rows(x, {options_.drop_path, "attention_path"}, pass);
  const at::Tensor out = rows.add(x.slice(1, 0, 1), attention_output(class_token_qkv(rows.of(x))), {options_.dropout, "attention"});
  return feed_forward(out, pass).select(1, 0);
}

at::Tensor Block::feed_forward(const at::Tensor& x, const Pass& pass) {
  const BranchRows rows(x, {options_.drop_path, "feed_forward_path"}, pass);
  const at::Tensor normed = feed_norm_->forward(rows.of(x));
  const at::Tensor hidden = gelu_drop(widen_->forward(normed), {options_.dropout, "hidden"}, rows.pass());  // [B',N,mlp_dim]
  return rows.add(x, narrow_->forward(hidden), {options_.dropout, "feed_forward"});
}

/// What queries [B,heads,M,dim_head] find among keys and values [B,heads,N,dim_head]: [B,M,D].
at::Tensor Block::attention_output(const std::vector<at::Tensor>& qkv) const {
  const at::Tensor out = at::scaled_dot_product_attention(qkv[0], qkv[1], qkv[2], {}, 0, false, options_.scale);
  return to_out_->forward(out.transpose(1, 2).flatten(2));
}

at::Tensor Block::attention(const at::Tensor& x) {
  const auto parts = qkv(x);
  return at::softmax(at::matmul(parts[0], parts[1].transpose(-2, -1)) * options_.scale, -1);
}

/// Queries, keys and values, [B,heads,N,dim_head] each.
std::vector<at::Tensor> Block::qkv(const at::Tensor& x) {
  const at::Tensor projected = to_qkv_->forward(attention_norm_->forward(x));  // [B,N,3*heads*dim_head]
  return projected.view({x.size(0), x.size(1), 3, options_.heads, options_.dim_head}).permute({2, 0, 3, 1, 4}).unbind(0);
}

/// The query of token 0 [B,heads,1,dim_head], with the keys and values of all.
std::vector<at::Tensor> Block::class_token_qkv(const at::Tensor& x) {
  const int64_t inner = options_.heads * options_.dim_head;
  const at::Tensor normed = attention_norm_->forward(x);
  const auto projected = [&](const at::Tensor& tokens, int64_t begin, int64_t end) {
    const at::Tensor& bias = to_qkv_->bias;
    const at::Tensor out = at::linear(tokens, to_qkv_->weight.slice(0, begin, end), bias.defined() ? bias.slice(0, begin, end) : bias);
    return out.view({x.size(0), tokens.size(1), (end - begin) / inner, options_.heads, options_.dim_head}).permute({2, 0, 3, 1, 4});
  };
  const at::Tensor keys_values = projected(normed, inner, 3 * inner);
  return {projected(normed.slice(1, 0, 1), 0, inner)[0], keys_values[0], keys_values[1]};
}

Transformer::Transformer(const std::vector<Block::Options>& blocks, const std::string& folder) {
  if (blocks.empty()) throw Error("a transformer without a block");
  const std::string before = folder.empty() ? folder : folder + ".";
  for (size_t i = 0; i < blocks.size(); ++i) {
    blocks_.push_back(put(*this, fmt::format("{}{}", before, i), std::make_shared<Block>(blocks[i])));
  }
}

at::Tensor Transformer::forward(at::Tensor x, const Pass& pass) {
  for (size_t i = 0; i < blocks_.size(); ++i) x = blocks_[i]->forward(x, pass_of(i, pass));
  return x;
}

at::Tensor Transformer::class_token(at::Tensor x, const Pass& pass) {
  const size_t last = blocks_.size() - 1;
  for (size_t i = 0; i < last; ++i) x = blocks_[i]->forward(x, pass_of(i, pass));
  return blocks_[last]->class_token(x, pass_of(last, pass));
}

std::vector<at::Tensor> Transformer::attention(at::Tensor x) {
  std::vector<at::Tensor> out;
  for (const auto& block : blocks_) {
    out.push_back(block->attention(x));
    x = block->forward(x, {});
  }
  return out;
}

at::Tensor Transformer::class_tokens(at::Tensor x, const LayerNorm& norm, int64_t count, bool mean_patch) {
  if (count < 1 || count > static_cast<int64_t>(blocks_.size())) {
    throw Error(fmt::format("\"last_blocks\" is {}; the model has {} blocks", count, blocks_.size()));
  }
  std::vector<at::Tensor> out;
  for (const auto& block : blocks_) {
    x = block->forward(x, {});
    out.push_back(norm.forward(x.select(1, 0)));
  }
  const size_t before = out.size() - static_cast<size_t>(count);
  if (mean_patch) out.push_back(norm.forward(x).slice(1, 1).mean(1));
  return at::stack(at::TensorList(out).slice(before), 1);
}

Pass Transformer::pass_of(size_t block, const Pass& pass) { return pass.scope(fmt::format("block{}", block)); }

}  // namespace lafs::nn
