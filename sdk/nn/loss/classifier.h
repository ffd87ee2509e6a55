#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include <torch/nn/module.h>

#include "lafs/head.h"
#include "lafs/initialised.h"
#include "lafs/pass.h"
#include "nn/loss/head_abilities.h"
#include "nn/loss/targets.h"

namespace lafs::nn {

/// The class matrix with everything but the margin: cosines, soft targets, cross-entropy (heads.md 1, 4).
/// Margins and softmax are fp32 with autocast off; the product of embeddings and classes runs in the autocast type.
class Classifier : public torch::nn::Module, public Initialised {
 public:
  struct Options {
    int64_t classes = 1, width = 1;       ///< C, D
    int64_t sub_centers = 1;              ///< rows of the matrix a class; row class*sub_centers + k
    std::string init = "xavier_uniform";  ///< or "normal_0.01", "unit_rows"
    double probability_floor = 0;         ///< 1e-30 as insightface; 0: none
    bool normalised = true;               ///< false: of an `Unnormalised` head, with inner products for cosines
    bool bias = false;                    ///< added to these products, for heads that are not normalised
  };
  explicit Classifier(const Options& options);

  /// embedding [B,D] -> scalar, by the head's rule; `accuracy`, if asked for, becomes the share of rows whose largest plain cosine is the
  /// label, detached.
  at::Tensor loss(const at::Tensor& embedding, const Targets& targets, const HeadAbilities& head, const Pass& pass,
                  at::Tensor* accuracy = nullptr);
  /// The logits [B,C] that loss() gives to the softmax.
  at::Tensor logits(const at::Tensor& embedding, const Targets& targets, const HeadAbilities& head, const Pass& pass);
  std::vector<InitRule> init_rules() const override;

  at::Tensor weight;  ///< [C*sub_centers, D]
  at::Tensor bias;    ///< [C*sub_centers], or undefined

 private:
  struct Scores {
    at::Tensor cosines, norms;  ///< [B,C], [B]
  };
  struct MarginLogits {
    at::Tensor logits, classes, weights;  ///< [B,C], then [B,K] (sparse) or undefined and [B,C] (dense)
  };
  Scores scores(const at::Tensor& embedding, const Head& head) const;
  MarginLogits sparse(const Scores& scores, const Targets& targets, const HeadAbilities& head, const Pass& pass) const;
  MarginLogits dense(const Scores& scores, const Targets& targets, const HeadAbilities& head, const Pass& pass) const;
  MarginLogits with_margins(const Scores& scores, const Targets& targets, const HeadAbilities& head, const Pass& pass) const;

  Options options_;
};

}  // namespace lafs::nn
