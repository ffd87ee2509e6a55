#include "nn/transformer.h"

#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/softmax.h>
#include <fmt/format.h>
#include <torch/types.h>

#include "nn/dims.h"
#include "nn/tree.h"

namespace lafs {

Block::Block(const Options& options) : options_(options) {
  const int64_t inner = options.heads * options.dim_head;
  const Names& names = options.names;
  attention_norm_ = put(*this, names.attention_norm, std::make_shared<LayerNorm>(options.dim, options.eps));
  to_qkv_ = put(*this, names.qkv, std::make_shared<Linear>(options.dim, 3 * inner, options.qkv_bias, options.std));
  to_out_ = put(*this, names.out, std::make_shared<Linear>(inner, options.dim, true, options.std));
  feed_norm_ = put(*this, names.feed_norm, std::make_shared<LayerNorm>(options.dim, options.eps));
  widen_ = put(*this, names.widen, std::make_shared<Linear>(options.dim, options.mlp_dim, true, options.std));
  narrow_ = put(*this, names.narrow, std::make_shared<Linear>(options.mlp_dim, options.dim, true, options.std));
}

at::Tensor Block::forward(const at::Tensor& x, const Pass& pass) { return feed_forward(attend(x, pass), pass); }

at::Tensor Block::attend(const at::Tensor& x, const Pass& pass) { return attended(x, queries_keys_values(x), pass); }

at::Tensor Block::class_token(const at::Tensor& x, const Pass& pass) {
  const auto [b, n, d] = dims<3>(x, "x");
  // Draws with row keys give token 0 the same dropout whether the others are there or not; others need the whole mask.
  if (pass.training && pass.draws && pass.draws->row_keys("attention").empty()) return forward(x, pass).select(1, 0);
  const int64_t inner = options_.heads * options_.dim_head;
  const at::Tensor normed = attention_norm_->forward(x);
  const auto part = [&](const at::Tensor& of, int64_t begin, int64_t end) { return of.defined() ? of.slice(0, begin, end) : of; };
  const at::Tensor query = at::linear(normed.slice(1, 0, 1), part(to_qkv_->weight, 0, inner), part(to_qkv_->bias, 0, inner));
  const at::Tensor rest = at::linear(normed, part(to_qkv_->weight, inner, 3 * inner), part(to_qkv_->bias, inner, 3 * inner));
  const auto keys_values = rest.view({b, n, 2, options_.heads, options_.dim_head}).permute({2, 0, 3, 1, 4}).unbind(0);
  const at::Tensor heads = query.view({b, 1, options_.heads, options_.dim_head}).transpose(1, 2);
  return feed_forward(attended(x.slice(1, 0, 1), {heads, keys_values[0], keys_values[1]}, pass), pass).select(1, 0);
}

/// x + what its queries [B,heads,M,dim_head] find among keys and values [B,heads,N,dim_head]; x [B,M,D].
at::Tensor Block::attended(const at::Tensor& x, const std::vector<at::Tensor>& qkv, const Pass& pass) {
  at::Tensor out = at::scaled_dot_product_attention(qkv[0], qkv[1], qkv[2], {}, 0, false, options_.scale);  // [B,heads,M,dim_head]
  out = to_out_->forward(out.transpose(1, 2).flatten(2));                                                   // [B,M,D]
  return drop_add(x, out, {options_.dropout, "attention"}, {options_.drop_path, "attention_path"}, pass);
}

at::Tensor Block::feed_forward(const at::Tensor& x, const Pass& pass) {
  const at::Tensor hidden = gelu_drop(widen_->forward(feed_norm_->forward(x)), {options_.dropout, "hidden"}, pass);  // [B,N,mlp_dim]
  return drop_add(x, narrow_->forward(hidden), {options_.dropout, "feed_forward"}, {options_.drop_path, "feed_forward_path"}, pass);
}

at::Tensor Block::attention(const at::Tensor& x) {
  const auto qkv = queries_keys_values(x);
  return at::softmax(at::matmul(qkv[0], qkv[1].transpose(-2, -1)) * options_.scale, -1);
}

std::vector<at::Tensor> Block::queries_keys_values(const at::Tensor& x) {
  const at::Tensor qkv = to_qkv_->forward(attention_norm_->forward(x));  // [B,N,3*heads*dim_head]
  return qkv.view({x.size(0), x.size(1), 3, options_.heads, options_.dim_head}).permute({2, 0, 3, 1, 4}).unbind(0);
}

Transformer::Transformer(const std::vector<Block::Options>& blocks, const std::string& folder) {
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

Pass Transformer::pass_of(size_t block, const Pass& pass) { return pass.scope(fmt::format("block{}", block)); }

}  // namespace lafs
