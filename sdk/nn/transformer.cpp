#include "nn/transformer.h"

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

at::Tensor Block::attend(const at::Tensor& x, const Pass& pass) {
  const auto [b, n, d] = dims<3>(x, "x");
  const auto qkv = queries_keys_values(x);
  at::Tensor out = at::scaled_dot_product_attention(qkv[0], qkv[1], qkv[2], {}, 0, false, options_.scale);  // [B,heads,N,dim_head]
  out = to_out_->forward(out.transpose(1, 2).reshape({b, n, options_.heads * options_.dim_head}));          // [B,N,D]
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
  for (size_t i = 0; i < blocks_.size(); ++i) x = blocks_[i]->forward(x, pass.scope(fmt::format("block{}", i)));
  return x;
}

}  // namespace lafs
