#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <torch/nn/module.h>

#include "lafs/backbone.h"
#include "lafs/initialised.h"
#include "lafs/params.h"
#include "nn/layers/layers.h"
#include "nn/models/transformer.h"

namespace lafs::nn {

/// Options of the transformer, the same in every kind of fViT (models.md 2.1).
struct FvitOptions {
  int64_t patch = 8, dim = 768, depth = 12, heads = 11, dim_head = 64, mlp_dim = 2048;
  double dropout = 0.1, emb_dropout = 0.1, drop_path = 0.1;
  std::string drop_path_schedule = "constant", attention_scale = "width", token_init = "normal_1", pool = "cls";
  int64_t num_patches = 0, class_head = 0;

  void declare(Params& p);
};

/// A transformer on tokens of patches, with learned positions that are never interpolated (models.md 2). What makes tokens of pictures is
/// the derived class's. Its own parameters come first in the state, then the derived class's modules, then those of `register_layers`.
class FvitBase : public torch::nn::Module, public Backbone, public Tokenised, public Attentive, public Layered, public Initialised {
 public:
  /// Throws Error when the patch does not divide the input, or for 15 patches or fewer.
  FvitBase(const FvitOptions& options, const InputContract& input);

  std::shared_ptr<torch::nn::Module> module() override { return shared_from_this(); }
  int64_t embed_dim() const override { return options_.dim; }
  int64_t token_dim() const override { return options_.patch * options_.patch * 3; }
  int64_t max_tokens() const override { return patches_; }
  at::Tensor forward(const at::Tensor& images, const Pass& pass) override { return forward_tokens(tokens_of(images, pass), {}, pass); }
  at::Tensor forward_tokens(const at::Tensor& tokens, const at::Tensor& position_rows, const Pass& pass) override;
  std::vector<at::Tensor> attention(const at::Tensor& images) override;
  at::Tensor class_tokens(const at::Tensor& images, int64_t last_blocks, bool mean_patch) override;
  int64_t depth() const override { return options_.depth; }
  /// What a derived class registers makes tokens: layer 0.
  int64_t layer_of(std::string_view parameter) const override;
  std::vector<InitRule> init_rules() const override;

 protected:
  /// Registers `patch_to_embedding`, `transformer`, `mlp_head.0` and, if asked for, `loss`: once, last in the constructor.
  void register_layers();
  virtual at::Tensor tokens_of(const at::Tensor& images, const Pass& pass) = 0;  ///< [B,3,H,W] -> [B,N,token_dim]
  /// Throws Error unless there is a position for each of so many tokens.
  void check_positions(int64_t tokens) const;
  /// As `forward_tokens`, but all tokens: [B,N,P] -> [B,1+N,D], class token first.
  at::Tensor all_tokens(const at::Tensor& tokens, const at::Tensor& position_rows, const Pass& pass);

 private:
  at::Tensor sequence(const at::Tensor& tokens, const at::Tensor& position_rows, const Pass& pass);
  at::Tensor rows_of(const at::Tensor& position_rows, int64_t b, int64_t n);

  FvitOptions options_;
  int64_t patches_;
  at::Tensor positions_, class_token_;
  std::shared_ptr<Linear> to_embedding_;
  std::shared_ptr<Transformer> transformer_;
  std::shared_ptr<LayerNorm> norm_;
};

}  // namespace lafs::nn
