#include <torch/types.h>

#include "lafs/plugin.h"
#include "nn/layers/gather.h"
#include "nn/loss/unit_rows.h"
#include "nn/train/two_views.h"

namespace {

/// MoCo v3 (Chen, Xie and He, ICCV 2021, arXiv:2104.02057). With q the student's prediction from one view of a picture, k+ the teacher's
/// projection of its other view, and k- those of all other pictures, on all ranks, each of length 1 (equation 1):
///
///     L = -log( exp(q.k+ / tau) / (exp(q.k+ / tau) + sum over k- of exp(q.k- / tau)) ),    loss = L + the same with the views exchanged,
///
/// the mean over pictures. Algorithm 1 multiplies by 2 tau. The teacher is the student's moving average.
class MocoV3 final : public lafs::nn::MomentumTeacher {
 public:
  struct Options : MomentumTeacher::Options {
    double temperature = 0.2;
    bool scale_loss = true;

    Options() { momentum_teacher = lafs::cosine(0.99, 1); }
    void declare(lafs::Params& p) {
      p("temperature", temperature, lafs::in(1e-3, 100), "tau; the paper has 0.2 for transformers, its code 1 for ResNet-50");
      p.quirk("SS-06", "scale_loss", scale_loss, true, false,
              "true: the loss is multiplied by 2 tau, as in algorithm 1 and published code; false: as in equation 1");
      MomentumTeacher::Options::declare(p);
    }
  };

  MocoV3(const Options& options, lafs::Assembly& assembly) : MomentumTeacher(options, assembly), options_(options) {}

 private:
  at::Tensor compare(const at::Tensor& prediction, const at::Tensor& target, const lafs::Step& step) override {
    const at::Tensor keys = lafs::nn::gather_rows(lafs::nn::unit_rows(target).unit, step.collective);  // [ranks*B,K]
    const at::Tensor logits = lafs::nn::unit_rows(prediction).unit.mm(keys.t()) / options_.temperature;
    const int64_t rows = logits.size(0), before = step.collective.rank() * rows;
    const at::Tensor own = at::arange(before, before + rows, logits.options().dtype(at::kLong));
    const at::Tensor mean = at::cross_entropy_loss(logits, own);
    return options_.scale_loss ? mean * (2 * options_.temperature) : mean;
  }

  Options options_;
};

}  // namespace

LAFS_PLUGIN(registrar) {
  registrar.add<MocoV3>("moco_v3",
                        "a student's prediction finds its teacher's projection of the other view in the batch (Chen et al. 2021)");
}
