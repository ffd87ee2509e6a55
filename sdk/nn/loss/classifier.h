#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include <torch/nn/module.h>

#include "lafs/head.h"
#include "lafs/initialised.h"
#include "lafs/pass.h"

namespace lafs::nn {

/// What each row should be: `label_a` with weight lambda, `label_b` with 1 - lambda; label -1: nothing here.
struct Targets {
  at::Tensor label_a, label_b;  ///< [B] int64; label_b and lambda undefined: hard labels
  at::Tensor lambda;            ///< [B] float
  bool complete = true;         ///< no label is -1; say false where one may be
  double smoothing = 0;         ///< epsilon: every class gets epsilon/C, the rest is shared by the labels

  at::Tensor dominant() const;  ///< [B], the label of larger weight
};

/// Cross-entropy with at most K weighted classes a row: logits [B,C], classes [B,K] int64 (all valid), weights [B,K] -> [B].
/// Value: lse - sum_k w_k z_k; with `floor` > 0 the value (not the gradient) of each class is at most -log(floor), and what the weights
/// lack to 1 counts as -log(floor) (insightface's distributed cross-entropy). Gradient: p - y.
at::Tensor sparse_cross_entropy(const at::Tensor& logits, const at::Tensor& classes, const at::Tensor& weights, double floor);

/// The class matrix with everything but the margin: cosines, soft targets, cross-entropy (heads.md 1, 4).
/// Margins and softmax are fp32 with autocast off; the product of embeddings and classes runs in the autocast type.
class Classifier : public torch::nn::Module, public Initialised {
 public:
  struct Options {
    int64_t classes = 1, width = 1;       ///< C, D
    int64_t sub_centers = 1;              ///< rows of the matrix a class; row class*sub_centers + k
    std::string init = "xavier_uniform";  ///< or "normal_0.01", "unit_rows"
    double probability_floor = 0;         ///< 1e-30 as insightface; 0: none
  };
  explicit Classifier(const Options& options);

  /// embedding [B,D] -> scalar; `accuracy`, if asked for, becomes the share of rows whose largest plain cosine is the label, detached.
  at::Tensor loss(const at::Tensor& embedding, const Targets& targets, Head& head, const Pass& pass, at::Tensor* accuracy = nullptr);
  /// The logits [B,C] that loss() gives to the softmax.
  at::Tensor logits(const at::Tensor& embedding, const Targets& targets, Head& head, const Pass& pass);
  std::vector<InitRule> init_rules() const override;

  at::Tensor weight;  ///< [C*sub_centers, D]

 private:
  struct Scores {
    at::Tensor cosines, norms;  ///< [B,C], [B]
  };
  struct Marked {
    at::Tensor logits, classes, weights;  ///< [B,C], then [B,K] (sparse) or undefined and [B,C] (dense)
  };
  Scores scores(const at::Tensor& embedding, const Head& head) const;
  Marked sparse(const Scores& scores, const Targets& targets, Head& head, const Pass& pass) const;
  Marked dense(const Scores& scores, const Targets& targets, Head& head, const Pass& pass) const;
  Marked marked(const Scores& scores, const Targets& targets, Head& head, const Pass& pass) const;

  Options options_;
};

}  // namespace lafs::nn
