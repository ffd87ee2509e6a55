#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "lafs/pass.h"
#include "lafs/tensor.h"

namespace lafs {

struct Step;

/// What follows the cosines between embeddings and class vectors (heads.md 1). It owns no class matrix: the `Classifier` of
/// sdk/nn has that, the soft targets, the sampling and the cross-entropy. A head is a `Margin` or a `WholeLoss`, which the
/// classifier finds by dynamic_cast, and may have the further abilities below. Everything arrives in fp32, with autocast off.
/// A head with state is also a torch::nn::Module.
///
/// The objective `identification` makes one and hands it to the classifier in each micro-batch, which calls, in this order: `observe`,
/// `negatives`, `target` (once or twice), `extra_loss`; or `losses` alone. All of it on the main thread.
///
///     class CosFace final : public lafs::Head, public lafs::Margin {
///      public:
///       CosFace(const Options& options, int64_t /*identities*/) : options_(options) {}
///       double scale() const override { return options_.scale; }
///       at::Tensor target(const lafs::TargetRows& rows, const lafs::Pass&) override { return rows.cosines - options_.margin; }
class Head {
 public:
  static constexpr std::string_view kind = "head";
  using Factory = std::function<std::shared_ptr<Head>(int64_t identities)>;
  virtual ~Head() = default;

  virtual bool clamp_cosines() const { return true; }  ///< to [-1, 1], before anything else
};

/// Rows that have a target here: M of them, never one with label -1.
struct TargetRows {
  const Tensor& cosines;  ///< [M], between the embedding and its target class
  const Tensor& norms;    ///< [M], of the embedding before normalisation; without gradient unless `NormGradient`
  const Tensor& labels;   ///< [M] int64, the class
};

/// The rule that turns a target's cosine into its logit.
class Margin {
 public:
  virtual ~Margin() = default;
  virtual double scale() const = 0;  ///< s: logits are s times what the rules return
  /// phi: [M] margin cosines, differentiable; a straight-through rule cuts the graph itself. `pass.draws` has M rows, or is null.
  virtual Tensor target(const TargetRows& rows, const Pass& pass) = 0;
};

/// The gradient flows through the embedding's length (MagFace, SphereFace).
class NormGradient {
 public:
  virtual ~NormGradient() = default;
  virtual bool scales_by_norm() const { return false; }  ///< logits times the norm instead of s (SphereFace)
};

/// The margin also changes the cosines of the other classes (CurricularFace, inter-class filtering).
class ChangesNegatives {
 public:
  virtual ~ChangesNegatives() = default;
  /// cosines [B,C], target cosines [B] before their margin (the label of larger weight) -> [B,C]; target columns are overwritten
  /// afterwards.
  virtual Tensor negatives(const Tensor& cosines, const Tensor& target_cosines, const Pass& pass) = 0;
  virtual bool active() const { return true; }  ///< false: with its options the head changes none, and is taken as one that never does
  /// Whether a result depends on its own cosine, its row's target cosine and the head's state alone. Then the classifier calls `negatives`
  /// on some rows and classes at a time, in any order, and again in the backward pass, and never holds all logits.
  virtual bool elementwise() const { return false; }
};

/// A term besides the cross-entropy (MagFace): norms [B] of all rows, those with label -1 too -> scalar; without gradient unless
/// `NormGradient`.
class ExtraLoss {
 public:
  virtual ~ExtraLoss() = default;
  virtual Tensor extra_loss(const Tensor& norms, const Pass& pass) = 0;
};

/// The head is a whole loss on cosines (SFace), with hard labels only and none of the abilities that belong to a margin:
/// [B,C], labels [B] int64 -> [B], a loss each row.
/// Label -1: the class is elsewhere, the row has no target term.
class WholeLoss {
 public:
  virtual ~WholeLoss() = default;
  virtual Tensor losses(const Tensor& cosines, const Tensor& labels, const Pass& pass) = 0;
};

/// Several class vectors an identity; a class cosine is the largest of them. Asked once, when the class matrix is made.
class SubCentered {
 public:
  virtual ~SubCentered() = default;
  virtual int64_t sub_centers() const = 0;  ///< > 0
};

/// The logits are those of a linear layer, w.e + b: neither embeddings nor class vectors are normalised, and what the rules of the head
/// call cosines are these sums (softmax). Asked once, when the class matrix is made.
class Unnormalised {
 public:
  virtual ~Unnormalised() = default;
  virtual bool bias() const { return true; }  ///< the class matrix has a parameter `bias`, which starts as zeros
};

/// Running statistics (CurricularFace's t, AdaFace's mean norm).
class Statistical {
 public:
  virtual ~Statistical() = default;
  /// Once a loss, before negatives and targets: the rows of the label of larger weight, detached. The head may use the new value in
  /// this loss and keeps it for after_update, which alone writes saved state.
  virtual void observe(const TargetRows& rows, const Pass& pass) = 0;
  virtual void after_update(const Step& step) = 0;  ///< once per optimizer step
};

}  // namespace lafs
