#include <torch/types.h>

#include "lafs/plugin.h"
#include "nn/layers/gather.h"
#include "nn/train/two_views.h"

namespace {

/// VICReg (Bardes, Ponce and LeCun, ICLR 2022, arXiv:2105.04906). With Z and Z' [N,K] the projections of N pictures in both views, over all
/// ranks (equations 1 to 6):
///
///     invariance   s(Z,Z') = 1/N sum over pictures of |z - z'|^2
///     variance     v(Z)    = 1/K sum over k of max(0, gamma - sqrt(Var(z_k) + eps))
///     covariance   c(Z)    = 1/K sum over i != j of Cov(Z)_ij^2
///     loss = lambda s(Z,Z') + mu (v(Z) + v(Z')) + nu (c(Z) + c(Z')),
///
/// Var and Cov with N - 1 below the sum.
class VicReg final : public lafs::nn::JointEmbedding {
 public:
  struct Options : TwoViews::Options {
    double lambda = 25, mu = 25, nu = 1, gamma = 1, eps = 1e-4;
    bool invariance_mean = true, variance_mean = true;

    void declare(lafs::Params& p) {
      p("lambda", lambda, lafs::at_least(0), "weight of the invariance");
      p("mu", mu, lafs::at_least(0), "weight of the variance");
      p("nu", nu, lafs::at_least(0), "weight of the covariance");
      p("gamma", gamma, lafs::at_least(0), "deviation that each number shall have over the batch");
      p("eps", eps, lafs::in(1e-12, 1), "added to a variance before its root is taken");
      p.quirk("SS-04", "invariance_mean", invariance_mean, true, false,
              "true: the invariance is divided by the width, as in published code; false: as in equation 5");
      p.quirk("SS-05", "variance_mean", variance_mean, true, false,
              "true: the variances of both views are averaged, as in published code; false: added, as in equation 6");
      TwoViews::Options::declare(p);
    }
  };

  VicReg(const Options& options, lafs::Assembly& assembly) : JointEmbedding(options, assembly), options_(options) {}

 private:
  at::Tensor variance(const at::Tensor& rows) const {
    return at::relu(options_.gamma - (rows.var(0, /*unbiased=*/true) + options_.eps).sqrt()).mean();
  }

  static at::Tensor covariance(const at::Tensor& rows) {
    const at::Tensor centred = rows - rows.mean(0), matrix = centred.t().mm(centred) / (rows.size(0) - 1);  // [K,K]
    return (matrix - matrix.diagonal().diag_embed()).square().sum() / rows.size(1);
  }

  at::Tensor compare(const at::Tensor& first, const at::Tensor& second, const lafs::Step& step) override {
    const at::Tensor a = lafs::nn::gather_rows(first, step.collective), b = lafs::nn::gather_rows(second, step.collective);
    const at::Tensor apart = (first - second).square();  // [B,K]: of this rank, whose mean is averaged with the others'
    const at::Tensor s = options_.invariance_mean ? apart.mean() : apart.sum(1).mean();
    const at::Tensor v = (variance(a) + variance(b)) * (options_.variance_mean ? 0.5 : 1), c = covariance(a) + covariance(b);
    step.reporter.value("invariance", s);
    step.reporter.value("variance", v);
    step.reporter.value("covariance", c);
    return options_.lambda * s + options_.mu * v + options_.nu * c;
  }

  Options options_;
};

}  // namespace

LAFS_PLUGIN(registrar) {
  registrar.add<VicReg>("vicreg", "two views agree, each number varies, and no two vary together (Bardes et al. 2022)");
}
