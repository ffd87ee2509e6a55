#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <torch/nn/module.h>

#include "lafs/draws.h"
#include "lafs/head.h"
#include "lafs/initialised.h"
#include "lafs/pass.h"
#include "lafs/row_sparse.h"
#include "nn/loss/class_sample.h"
#include "nn/loss/fused_loss.h"
#include "nn/loss/head_abilities.h"
#include "nn/loss/plain_loss.h"
#include "nn/loss/targets.h"

namespace lafs::nn {

/// The class matrix with everything but the margin: cosines, sampling (Partial FC), shards, soft targets, cross-entropy (heads.md 1, 4, 5).
/// Margins and softmax are fp32 with autocast off; the product of embeddings and classes runs in the autocast type.
class Classifier : public torch::nn::Module, public Initialised, public Sharded, public RowSparseParameters {
 public:
  struct Options {
    int64_t classes = 1, width = 1;       ///< C, D
    int64_t sub_centers = 1;              ///< rows of the matrix a class; row class*sub_centers + k
    std::string init = "xavier_uniform";  ///< or "normal_0.01", "unit_rows"
    double probability_floor = 0;         ///< 1e-30 as insightface; 0: none
    bool normalised = true;               ///< false: of an `Unnormalised` head, with inner products for cosines
    bool bias = false;                    ///< added to these products, for heads that are not normalised
    ClassSampling sampling;               ///< how many classes take part in a step
    RowUpdates rows = RowUpdates::none;   ///< other than none: the gradient of sampled classes arrives as rows
    int64_t rank = 0, world = 1;          ///< the rows of this rank are held here
    /// Fewer logits go by plain operations, which cost no more there and round as the references do at the ends of a cosine.
    int64_t fuse_from = 1 << 14;
  };
  explicit Classifier(const Options& options);

  /// embedding [B,D] -> scalar, by the head's rule: the mean over the rows of all ranks, the same on each. `accuracy`, if asked for,
  /// becomes the share of rows of which no plain cosine is larger than the label's, detached. With a sampling rate below 1 and draws,
  /// classes are sampled; accuracy is then among them.
  at::Tensor loss(const at::Tensor& embedding, const Targets& targets, const HeadAbilities& head, const Pass& pass,
                  at::Tensor* accuracy = nullptr);
  /// The same by plain operations on all logits, for one rank and without sampling: the measure that `loss` is tested against.
  at::Tensor loss_plain(const at::Tensor& embedding, const Targets& targets, const HeadAbilities& head, const Pass& pass,
                        at::Tensor* accuracy = nullptr);
  /// The logits [B,C] that loss_plain() gives to the softmax.
  at::Tensor logits(const at::Tensor& embedding, const Targets& targets, const HeadAbilities& head, const Pass& pass);
  /// The chance by which classes are sampled until the next call: that of a step's first micro-batch, so that all of them sample the same
  /// negatives. Without it each loss takes its own.
  void sample_by(std::shared_ptr<const Draws> draws) { draws_ = std::move(draws); }
  /// Of the last loss that sampled: positions among this rank's classes, sorted; undefined before.
  const at::Tensor& sampled() const { return sampled_; }

  std::vector<InitRule> init_rules() const override;
  std::vector<Shard> shards() const override;
  std::vector<RowSparseParameter> row_sparse() const override;

  at::Tensor weight;  ///< [n*sub_centers, D], n being the classes of this rank
  at::Tensor bias;    ///< [n*sub_centers], or undefined

 private:
  struct Batch {
    UnitRows embedding;
    Targets targets;
  };
  Batch gathered(const at::Tensor& embedding, const Targets& targets, const Pass& pass) const;
  ClassMatrix matrix_for(const ClassColumns& columns, const Pass& pass);
  ClassMatrix all_classes() const { return {weight, options_.sub_centers, options_.probability_floor, {}, bias, options_.normalised}; }
  at::Tensor whole_loss(const at::Tensor& losses, const at::Tensor& lengths, const HeadAbilities& head, const Pass& pass) const;
  at::Tensor by_plain_operations(const at::Tensor& embedding, const Targets& targets, const ClassMatrix& matrix, const HeadAbilities& head,
                                 const Pass& pass, at::Tensor* accuracy) const;
  void place(ClassColumns& columns, const at::Tensor& sample) const;

  Options options_;
  ClassShard shard_;
  std::shared_ptr<const Draws> draws_;
  at::Tensor sampled_;
};

}  // namespace lafs::nn
