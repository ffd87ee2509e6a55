#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <torch/nn/module.h>

#include "lafs/params.h"
#include "lafs/pass.h"
#include "nn/layers/batch_norm.h"
#include "nn/layers/layers.h"

namespace lafs::nn {

/// The trunk of MobileNetV3-large, width 1: what is called `stn` in the reference (models.md 3.1). 292 tensors, `features.*`.
class LandmarkTrunk : public torch::nn::Module {
 public:
  static constexpr int64_t width = 160;  ///< channels of the output

  LandmarkTrunk();
  at::Tensor forward(const at::Tensor& images, const Pass& pass);  ///< [B,3,H,W] -> [B,160,ceil(H/32),ceil(W/32)], without autocast

 private:
  struct Layer;
  at::Tensor run(const at::Tensor& images, const Pass& pass);

  std::shared_ptr<Conv2d> stem_;
  std::shared_ptr<BatchNorm> stem_norm_;
  std::vector<std::shared_ptr<Layer>> layers_;
};

/// Options of a landmark network; a plugin declares them among its own.
struct LandmarkOptions {
  int64_t count = 0;  ///< landmarks; 0: as many as the input has patches
  double dropout = 0.5, span = 111;
  std::string scaling = "joint";
  bool frozen = false;

  void declare(Params& p);
};

/// Numbers [B,2L] as coordinates [B,L,2], x before y: every row is stretched to [0, span], over all its numbers ("joint") or over
/// x and y each ("axis", quirk M5). A row without spread becomes 0 (models.md 4).
at::Tensor stretched_landmarks(const at::Tensor& raw, double span, const std::string& scaling);

/// A landmark CNN (models.md 3, 4): registers `stn` and `output_layer.1` in its owner and runs them, in fp32 whatever autocast says,
/// because 8 bits of mantissa would move landmarks by half a pixel. Frozen: without gradients, dropout and batch statistics. [main thread]
class LandmarkCnn {
 public:
  LandmarkCnn(torch::nn::Module& owner, int64_t count, const LandmarkOptions& options);

  at::Tensor features(const at::Tensor& images, const Pass& pass);   ///< [B,3,H,W] -> [B,160], the trunk's mean over places
  at::Tensor raw(const at::Tensor& features, const Pass& pass);      ///< [B,160] -> [B,2L]; draws stream "landmarks"
  at::Tensor landmarks(const at::Tensor& images, const Pass& pass);  ///< [B,3,H,W] -> [B,L,2], pixels
  int64_t count() const { return count_; }                           ///< L

 private:
  Pass pass_of(const Pass& pass) const;

  int64_t count_;
  LandmarkOptions options_;
  std::shared_ptr<LandmarkTrunk> trunk_;
  std::shared_ptr<Linear> output_;
};

/// Throws Error naming "images" unless they are [B,3,H,W].
void check_images(const at::Tensor& images);

}  // namespace lafs::nn
