#pragma once
#include <cstdint>
#include <vector>

#include <torch/nn/module.h>

#include "lafs/initialised.h"

namespace lafs::nn {

/// x W^T + bias on `at::linear`, which is what Python calls: the last bits agree, and autocast caches the cast weight.
/// `weight` [out,in], `bias` [out]; both start as U(-1/sqrt(in), 1/sqrt(in)), or with `std` > 0 as truncated N(0, std^2) and 0.
class Linear : public torch::nn::Module, public Initialised {
 public:
  Linear(int64_t in, int64_t out, bool has_bias = true, double std = 0);
  at::Tensor forward(const at::Tensor& x) const;  ///< [..., in] -> [..., out]
  std::vector<InitRule> init_rules() const override;

  at::Tensor weight, bias;  ///< bias undefined without one

 private:
  double std_;
};

/// Normalises the last axis (biased variance); `weight` starts as 1, `bias` as 0.
class LayerNorm : public torch::nn::Module, public Initialised {
 public:
  explicit LayerNorm(int64_t width, double eps = 1e-5);
  at::Tensor forward(const at::Tensor& x) const;  ///< [..., width], same shape
  std::vector<InitRule> init_rules() const override;

  at::Tensor weight, bias;

 private:
  double eps_;
};

/// A convolution of images. `weight` [out, in/groups, k, k]; starts as `Start` says, bias as U(-1/sqrt(fan_in), 1/sqrt(fan_in)).
class Conv2d : public torch::nn::Module, public Initialised {
 public:
  enum class Start {
    uniform,          ///< U(-1/sqrt(fan_in), 1/sqrt(fan_in)), fan_in = in/groups*k*k
    kaiming_fan_out,  ///< N(0, 2/(out*k*k)); out is not divided by the groups (models.md 1)
    normal            ///< N(0, std^2)
  };
  struct Options {
    int64_t in = 3, out = 1, kernel = 1, stride = 1, padding = 0, groups = 1;
    bool bias = true;
    Start start = Start::uniform;
    double std = 0.1;  ///< of a normal start
  };
  explicit Conv2d(const Options& options);
  at::Tensor forward(const at::Tensor& x) const;  ///< [B,in,H,W] -> [B,out,H',W']
  std::vector<InitRule> init_rules() const override;

  at::Tensor weight, bias;

 private:
  Options options_;
};

}  // namespace lafs::nn
