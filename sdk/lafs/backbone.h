#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lafs/input.h"
#include "lafs/pass.h"
#include "lafs/tensor.h"

namespace lafs {

/// A network from pictures to embeddings; also a torch::nn::Module. It names no device: it follows its input.
/// Objectives ask the assembly for one (a self-distillation for two) and call `forward` in each micro-batch; evaluators, `lafs embed` and
/// `lafs export` load one from a checkpoint and call it with an empty pass. The host moves it to the device, gives its parameters their
/// first values by `Initialised` and saves what is registered in the module.
///
///     class TinyNet final : public torch::nn::Module, public lafs::Backbone {
///      public:
///       TinyNet(const Options& options, const lafs::InputContract&) : options_(options) {
///         embed_ = register_module("embed", std::make_shared<lafs::nn::Linear>(3, options.dim));
///       }
///       std::shared_ptr<torch::nn::Module> module() override { return shared_from_this(); }
///       int64_t embed_dim() const override { return options_.dim; }
///       at::Tensor forward(const at::Tensor& images, const lafs::Pass& pass) override {
///         const at::Tensor x = embed_->forward(images.mean({2, 3}));  // [B,3,H,W] -> [B,D]
///         return lafs::nn::drop(x, options_.dropout, pass, "embedding", {options_.dim});  // only in a training pass
///       }
class Backbone {
 public:
  static constexpr std::string_view kind = "backbone";
  using Factory = std::function<std::shared_ptr<Backbone>(const InputContract&)>;
  virtual ~Backbone() = default;

  virtual std::shared_ptr<torch::nn::Module> module() = 0;  ///< this very object
  virtual int64_t embed_dim() const = 0;                    ///< D
  /// [B,3,H,W] float -> [B,D]. Throws Error naming the argument for a shape it cannot take. [main thread]
  virtual Tensor forward(const Tensor& images, const Pass& pass) = 0;
};

/// Takes what was already cut into tokens: the objective `lafs` cuts patches at landmarks and needs this.
class Tokenised {
 public:
  virtual ~Tokenised() = default;
  virtual int64_t token_dim() const = 0;   ///< P, numbers in a token
  virtual int64_t max_tokens() const = 0;  ///< N at most
  /// tokens [B,N,P]; position_rows [B,N] int64 (row of the position table per token, 0 is the class token's) or an undefined tensor:
  /// rows 1..N -> [B,D]
  virtual Tensor forward_tokens(const Tensor& tokens, const Tensor& position_rows, const Pass& pass) = 0;
};

/// Leaves patches of a picture out and shows all its tokens: masked autoencoding needs this. The patches of a picture lie in a grid, and a
/// patch has one token.
///
///     auto& net = dynamic_cast<Masked&>(*backbone);
///     const Tensor seen = net.forward_kept(images, kept, pass);                          // [B,1+M,D]
///     const Tensor hidden = net.patch_pixels(images).gather(1, ...);                     // what is to be guessed
class Masked {
 public:
  struct Grid {
    int64_t rows = 0, columns = 0;
  };
  virtual ~Masked() = default;
  /// Of pictures of that size; N is rows times columns. Pixels beside whole patches belong to none. [main thread]
  virtual Grid patch_grid(int64_t height, int64_t width) const = 0;
  /// The pixels that each token is made of, patches row by row, in the values of `images`: [B,3,H,W] -> [B,N,P]. The order of the pixels of
  /// a patch is the network's own. [main thread]
  virtual Tensor patch_pixels(const Tensor& images) const = 0;
  /// kept [B,M] int64 in [0,N): the patches that the network sees, each with its own position -> [B,1+M,D] after the last normalisation,
  /// class token first, then the patches in the order of `kept`. Nothing depends on the other patches. Throws Error naming the argument
  /// for a shape it cannot take, and for pictures with more patches than it has positions. [main thread]
  virtual Tensor forward_kept(const Tensor& images, const Tensor& kept, const Pass& pass) = 0;
};

/// Finds landmarks and says where they are: the objective `lafs` cuts patches there, `lafs show` draws them. Coordinates are pixels of the
/// input with pixel centres at integers; the patches of the reference lie a pixel left of and above them (quirk M4, option `patch_centre`).
class Landmarked {
 public:
  virtual ~Landmarked() = default;
  virtual int64_t landmark_count() const = 0;                            ///< L
  virtual Tensor landmarks(const Tensor& images, const Pass& pass) = 0;  ///< [B,3,H,W] -> [B,L,2], x and y in pixels
};

/// Gives the landmarks of a pass beside the embedding, from one run of the network: the objective `identification` holds them near those of
/// an earlier network with it.
class LandmarkedEmbedding {
 public:
  virtual ~LandmarkedEmbedding() = default;
  /// The embedding [B,D], as `forward` gives it; `landmarks` becomes [B,L,2], as `Landmarked::landmarks` gives them, with the gradient.
  virtual Tensor forward_with_landmarks(const Tensor& images, const Pass& pass, Tensor& landmarks) = 0;
  virtual bool landmarks_train() const = 0;  ///< whether a gradient at the landmarks reaches a parameter
};

/// Says whether its landmarks follow from weights that a training must bring. A network with parameters that does not say so is taken to
/// start from random weights, and who uses it frozen is warned.
class StartsRandom {
 public:
  virtual ~StartsRandom() = default;
  virtual bool starts_random() const = 0;
};

/// Computes embeddings and cannot be trained: a network of another program, whose numbers come with its file. Such a backbone registers no
/// tensor, because its options name the file. A recipe that trains one is an error of `lafs check`.
class InferenceOnly {
 public:
  virtual ~InferenceOnly() = default;
};

/// Knows the depth at which each of its parameters works: `[optimizer] layer_decay` makes learning rates fall towards the pictures by it,
/// and reports sum gradients up by it. It answers for its whole tree, other networks within included.
///
///     int64_t layer_of(std::string_view parameter) const override {
///       const int64_t block = lafs::nn::child_number(parameter, "encoder.layer");  // sdk/nn/layers/tree.h
///       return block >= 0 ? 1 + block : parameter.starts_with("norm.") ? depth() + 1 : 0;
///     }
class Layered {
 public:
  virtual ~Layered() = default;
  virtual int64_t depth() const = 0;  ///< blocks, at least 1
  /// 0: tokens, positions and whatever makes them; 1 to depth: blocks in the order in which they run; depth + 1: what follows.
  /// `parameter`: its name within this module, "encoder.layer.3.norm.weight". [main thread]
  virtual int64_t layer_of(std::string_view parameter) const = 0;
};

/// Shows its attention (`lafs show attention`), and its class tokens after the last blocks (`FeatureRequest::class_tokens`). Both run in
/// evaluation, without autograd. [main thread]
class Attentive {
 public:
  virtual ~Attentive() = default;
  /// Of each block [B,heads,1+N,1+N], softmax over the last axis.
  virtual std::vector<Tensor> attention(const Tensor& images) = 0;
  /// [B, last_blocks, D], after the final norm; with `mean_patch` one row more, the last: the mean of the other tokens of the last block,
  /// after the same norm. Throws Error for more blocks than there are, and for fewer than 1.
  virtual Tensor class_tokens(const Tensor& images, int64_t last_blocks, bool mean_patch = false) = 0;
};

}  // namespace lafs
