#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "lafs/pass.h"
#include "lafs/tensor.h"

namespace lafs {

struct Step;

/// A margin: the rule that turns the cosine between an embedding and its class vector into a logit (heads.md 1).
/// It owns no class matrix; the `Classifier` of sdk/nn has that, the soft targets, the sampling and the cross-entropy.
/// Everything arrives in fp32, with autocast off. A head with state is also a torch::nn::Module.
class Head {
 public:
  static constexpr std::string_view kind = "head";
  using Factory = std::function<std::shared_ptr<Head>(int64_t identities)>;
  virtual ~Head() = default;

  virtual double scale() const = 0;                    ///< s: logits are s times what the rules return
  virtual bool clamp_cosines() const { return true; }  ///< to [-1, 1], before anything else
  /// phi: target cosines [M] -> margin cosines [M], differentiable; a straight-through rule cuts the graph itself.
  virtual Tensor target(const Tensor& cosines, const Pass& pass) = 0;
};

/// The margin depends on the length of the embedding (AdaFace, MagFace, SphereFace).
class NormAware {
 public:
  virtual ~NormAware() = default;
  /// cosines [M], norms [M] of their embeddings before normalisation; replaces `Head::target`.
  virtual Tensor target(const Tensor& cosines, const Tensor& norms, const Pass& pass) = 0;
  virtual bool norms_need_gradient() const = 0;
  virtual bool scales_by_norm() const { return false; }  ///< logits times the norm instead of s
};

/// The margin also changes the cosines of the other classes (CurricularFace, inter-class filtering).
class ChangesOthers {
 public:
  virtual ~ChangesOthers() = default;
  /// cosines [B,C], target cosines [B] before their margin (the label of larger weight) -> [B,C]; target columns are overwritten
  /// afterwards.
  virtual Tensor others(const Tensor& cosines, const Tensor& target_cosines) = 0;
};

/// A term besides the cross-entropy (MagFace): norms [B] -> scalar.
class ExtraLoss {
 public:
  virtual ~ExtraLoss() = default;
  virtual Tensor extra_loss(const Tensor& norms) = 0;
};

/// The head is a whole loss on cosines (SFace), with hard labels only.
class WholeLoss {
 public:
  virtual ~WholeLoss() = default;
  virtual Tensor loss(const Tensor& cosines, const Tensor& labels) = 0;  ///< [B,C], [B] int64 -> scalar
};

/// Several class vectors an identity; a class cosine is the largest of them.
class SubCentered {
 public:
  virtual ~SubCentered() = default;
  virtual int64_t sub_centers() const = 0;
};

/// Running statistics, updated once per optimizer step from what the losses since the last one remembered.
class Updating {
 public:
  virtual ~Updating() = default;
  virtual void after_update(const Step& step) = 0;
};

}  // namespace lafs
