#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <torch/nn/module.h>

#include "lafs/assembly.h"
#include "lafs/objective.h"
#include "lafs/params.h"
#include "lafs/use.h"
#include "nn/train/collapse_watch.h"
#include "nn/train/network.h"

namespace lafs::nn {

/// Self-supervision that compares two global views of every picture (`dino_views` with `local_views = 0`). A method derives from one of the
/// two classes below and is its equation: `compare`. Here is the rest: networks, views, and a look for a collapse, which reports
/// `projection_spread`, `projection_dimensions`, `view_similarity` and `pairs_found` (collapse.h). [main thread]
class TwoViews : public torch::nn::Module, public Objective {
 public:
  struct Options {
    int64_t watch_every = 50;
    void declare(Params& p);
  };

  /// Throws Error for a batch of one picture.
  TwoViews(const Options& options, const Assembly& assembly);

  std::shared_ptr<torch::nn::Module> module() override { return shared_from_this(); }
  std::vector<ViewNeed> required_views() const override { return {{"global", 2, false, 2}, {"local", 0, false, 0}}; }
  void after_update(const Step& step) override;  ///< looks for a collapse; a method that does more calls it too

 protected:
  /// Reports what the projections [B,K] of first and second views say; `after_update` judges it.
  void look(const Tensor& first, const Tensor& second, const Step& step);

 private:
  CollapseWatch watch_;
  at::Tensor spread_, dimensions_;  ///< of the last micro-batch
};

/// One network sees both views: SimCLR, Barlow Twins, VICReg. The tree is `backbone` and `head`.
class JointEmbedding : public TwoViews {
 public:
  /// `together`: both views are one batch for the normalisations; otherwise each view is normalised by itself.
  JointEmbedding(const Options& options, Assembly& assembly, bool together = false);

  std::string encoder() const override { return "backbone"; }
  Tensor loss(const Batch& batch, const Step& step) final;

 protected:
  /// The loss of this rank from projections [B,K] of its pictures in first and second views: fp32, or fp64, and autocast is off.
  virtual Tensor compare(const Tensor& first, const Tensor& second, const Step& step) = 0;

 private:
  Network network_;
  bool together_;
};

/// A student predicts what its moving average says about the other view: BYOL, MoCo v3. The tree: `student.backbone`, `student.head`,
/// `student.predictor`, `teacher.backbone`, `teacher.head`. The teacher normalises by its own batch, drops nothing out and gets no
/// gradient. Papers call them online and target network, or base and momentum encoder.
class MomentumTeacher : public TwoViews {
 public:
  struct Options : TwoViews::Options {
    Use<Projector> predictor{"mlp"};
    Schedule momentum_teacher = cosine(0.996, 1);
    void declare(Params& p);
  };

  /// Throws Error for a predictor whose outputs are not as many as the projector's.
  MomentumTeacher(const Options& options, Assembly& assembly);

  std::string encoder() const override { return "student.backbone"; }
  Tensor loss(const Batch& batch, const Step& step) final;
  void after_update(const Step& step) final;  ///< moves the teacher's parameters, not the running statistics of its normalisations
  void start() final;                         ///< the teacher becomes the student

 protected:
  /// The loss of this rank for one order of the views: predictions [B,K] of one, the teacher's projections [B,K] of the other. fp32, or
  /// fp64; autocast is off. The objective's loss is the sum over both orders.
  virtual Tensor compare(const Tensor& prediction, const Tensor& target, const Step& step) = 0;

 private:
  Schedule momentum_;
  Network student_, teacher_;
  std::shared_ptr<Projector> predictor_;
};

}  // namespace lafs::nn
