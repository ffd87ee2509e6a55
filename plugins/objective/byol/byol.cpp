#include <torch/types.h>

#include "lafs/plugin.h"
#include "nn/loss/unit_rows.h"
#include "nn/train/two_views.h"

namespace {

/// BYOL (Grill et al., NeurIPS 2020, arXiv:2006.07733). With q the student's prediction from one view and z' the teacher's projection of
/// the other, a constant (equation 2):
///
///     L = |q/|q| - z'/|z'||^2 = 2 - 2 q.z' / (|q| |z'|),    loss = L + the same with the views exchanged,
///
/// the mean over pictures. The teacher is the student's moving average (equation 1), whose momentum rises from 0.996 to 1 by a cosine.
class Byol final : public lafs::nn::MomentumTeacher {
 public:
  using Options = MomentumTeacher::Options;
  using lafs::nn::MomentumTeacher::MomentumTeacher;

 private:
  at::Tensor compare(const at::Tensor& prediction, const at::Tensor& target, const lafs::Step&) override {
    return (lafs::nn::unit_rows(prediction).unit - lafs::nn::unit_rows(target).unit).square().sum(1).mean();
  }
};

}  // namespace

LAFS_PLUGIN(registrar) { registrar.add<Byol>("byol", "a student predicts its teacher's projection of the other view (Grill et al. 2020)"); }
