#include <torch/types.h>

#include "lafs/plugin.h"
#include "nn/layers/gather.h"
#include "nn/train/two_views.h"

namespace {

/// Barlow Twins (Zbontar et al., ICML 2021, arXiv:2103.03230). With a_k and b_k the k-th numbers of the projections of N pictures in first
/// and in second views, over all ranks, each with mean 0 and deviation 1 (equations 1 and 2):
///
///     C_ij = 1/N sum over pictures of a_i b_j,    loss = sum over i of (1 - C_ii)^2 + lambda sum over i != j of C_ij^2.
class BarlowTwins final : public lafs::nn::JointEmbedding {
 public:
  struct Options : TwoViews::Options {
    double lambda = 0.0051, eps = 1e-5;
    bool share_gradient = true;

    void declare(lafs::Params& p) {
      p.quirk("SS-02", "lambda", lambda, 0.0051, 0.005,
              "weight of the numbers beside the diagonal; 0.0051 in published code, 0.005 in the paper");
      p("eps", eps, lafs::in(1e-12, 1), "added to a variance before its root is taken; the equation has none");
      p.quirk("SS-03", "share_gradient", share_gradient, true, false,
              "true: on R ranks the gradient is an R-th of the loss's, as in published code, whose optimizer does not look at lengths; "
              "false: it is the loss's");
      TwoViews::Options::declare(p);
    }
  };

  BarlowTwins(const Options& options, lafs::Assembly& assembly) : JointEmbedding(options, assembly), options_(options) {}

 private:
  /// The rows of all ranks, each number with mean 0 and deviation 1 over them.
  at::Tensor standardised(const at::Tensor& own, lafs::Collective& collective) const {
    const double factor = options_.share_gradient ? 1.0 / static_cast<double>(collective.world()) : 1;
    const at::Tensor rows = lafs::nn::gather_rows(own, collective, factor);  // [ranks*B,K]
    return (rows - rows.mean(0)) * (rows.var(0, /*unbiased=*/false) + options_.eps).rsqrt();
  }

  at::Tensor compare(const at::Tensor& first, const at::Tensor& second, const lafs::Step& step) override {
    const at::Tensor a = standardised(first, step.collective), b = standardised(second, step.collective);
    const at::Tensor correlation = a.t().mm(b) / a.size(0), diagonal = correlation.diagonal();  // [K,K], [K]
    const at::Tensor invariance = (1 - diagonal).square().sum();
    const at::Tensor redundancy = (correlation - diagonal.diag_embed()).square().sum();
    step.reporter.value("invariance", invariance);
    step.reporter.value("redundancy", redundancy);
    return invariance + options_.lambda * redundancy;
  }

  Options options_;
};

}  // namespace

LAFS_PLUGIN(registrar) {
  registrar.add<BarlowTwins>("barlow_twins", "the correlations of two views' projections become the unit matrix (Zbontar et al. 2021)");
}
