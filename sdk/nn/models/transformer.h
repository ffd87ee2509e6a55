#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <torch/nn/module.h>

#include "lafs/pass.h"
#include "nn/layers/layers.h"

namespace lafs::nn {

/// One pre-norm block (models.md 2.5): x + D(Attention(LN(x))), then x + D(FeedForward(LN(x))).
/// Its layers carry the names of the reference that is followed, so that its weights fit.
class Block : public torch::nn::Module {
 public:
  struct Names {
    const char *attention_norm, *qkv, *out, *feed_norm, *widen, *narrow;
  };
  static constexpr Names fvit_names{"0.fn.norm", "0.fn.fn.to_qkv", "0.fn.fn.to_out.0", "1.fn.norm", "1.fn.fn.net.0", "1.fn.fn.net.3"};
  static constexpr Names dino_names{"norm1", "attn.qkv", "attn.proj", "norm2", "mlp.fc1", "mlp.fc2"};

  struct Options {
    int64_t dim = 768, heads = 11, dim_head = 64, mlp_dim = 2048;
    double scale = 0;      ///< of the attention logits; 0: 1/sqrt(dim_head)
    double dropout = 0;    ///< of the attention's output and both layers of the feed-forward part; never of the attention matrix
    double drop_path = 0;  ///< of a row's whole branch
    double eps = 1e-5;     ///< of both norms
    double std = 0;        ///< of the linear layers' first weights; 0: their default start
    bool qkv_bias = false;
    Names names = fvit_names;
  };
  explicit Block(const Options& options);

  at::Tensor forward(const at::Tensor& x, const Pass& pass);         ///< [B,N,D], same shape
  at::Tensor self_attention(const at::Tensor& x, const Pass& pass);  ///< the first half, with its residual: same shape
  at::Tensor feed_forward(const at::Tensor& x, const Pass& pass);    ///< the second half, with its residual: same shape
  at::Tensor attention(const at::Tensor& x);                         ///< the attention matrix [B,heads,N,N], softmax over the last axis

  /// Token 0 of `forward`, [B,D], with its dropout; the other tokens are only looked at, which is most of the work saved.
  at::Tensor class_token(const at::Tensor& x, const Pass& pass);

 private:
  std::vector<at::Tensor> qkv(const at::Tensor& x);
  std::vector<at::Tensor> class_token_qkv(const at::Tensor& x);
  at::Tensor attention_output(const std::vector<at::Tensor>& qkv) const;

  Options options_;
  std::shared_ptr<LayerNorm> attention_norm_, feed_norm_;
  std::shared_ptr<Linear> to_qkv_, to_out_, widen_, narrow_;
};

/// A row of blocks, `<folder>.0` ... `<folder>.<depth-1>`; without a folder `0` ... `<depth-1>`.
class Transformer : public torch::nn::Module {
 public:
  /// Throws Error when there is none.
  explicit Transformer(const std::vector<Block::Options>& blocks, const std::string& folder = "layers");

  at::Tensor forward(at::Tensor x, const Pass& pass);      ///< [B,N,D], same shape
  at::Tensor class_token(at::Tensor x, const Pass& pass);  ///< token 0 of `forward`, [B,D], for less work
  std::vector<at::Tensor> attention(at::Tensor x);         ///< the attention matrix of each block, [B,heads,N,N], in evaluation
  /// `norm` of token 0 after each of the last `count` blocks, [B,count,D], in evaluation; with `mean_patch` [B,count+1,D], the last being
  /// the mean of the other tokens after the last block. Throws Error for a count outside [1, blocks].
  at::Tensor class_tokens(at::Tensor x, const LayerNorm& norm, int64_t count, bool mean_patch);
  const std::vector<std::shared_ptr<Block>>& blocks() const { return blocks_; }

 private:
  static Pass pass_of(size_t block, const Pass& pass);

  std::vector<std::shared_ptr<Block>> blocks_;
};

}  // namespace lafs::nn
