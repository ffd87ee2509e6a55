#include <limits>

#include <torch/types.h>

#include "lafs/plugin.h"
#include "nn/layers/gather.h"
#include "nn/loss/unit_rows.h"
#include "nn/train/two_views.h"

namespace {

/// SimCLR (Chen et al., ICML 2020, arXiv:2002.05709). With z the 2N projections of N pictures in two views, over all ranks, and
/// sim(u, v) = u.v / (|u| |v|), a view i with partner j has the loss (equation 1)
///
///     l(i,j) = -log( exp(sim(z_i, z_j) / tau) / sum over k != i of exp(sim(z_i, z_k) / tau) ),
///
/// and the loss is the mean over all 2N views (algorithm 1).
class SimClr final : public lafs::nn::JointEmbedding {
 public:
  struct Options : TwoViews::Options {
    double temperature = 0.1;
    bool add_views = true;

    void declare(lafs::Params& p) {
      p("temperature", temperature, lafs::in(1e-3, 100),
        "tau; the paper has 0.1 for long trainings of large batches, and 0.5 for CIFAR-10");
      p.quirk("SS-01", "add_views", add_views, true, false,
              "true: the means over first and over second views are added, as published code does; false: the mean over both");
      TwoViews::Options::declare(p);
    }
  };

  SimClr(const Options& options, lafs::Assembly& assembly) : JointEmbedding(options, assembly, /*together=*/true), options_(options) {}

 private:
  at::Tensor compare(const at::Tensor& first, const at::Tensor& second, const lafs::Step& step) override {
    const at::Tensor own = lafs::nn::unit_rows(at::cat({first, second})).unit;  // [2B,K]
    const at::Tensor all = lafs::nn::gather_rows(own, step.collective);         // [ranks*2B,K]
    const int64_t rows = own.size(0), before = step.collective.rank() * rows;
    const at::Tensor row = at::arange(rows, own.options().dtype(at::kLong));
    const at::Tensor partner = (row + rows / 2) % rows + before;
    const at::Tensor logits = own.mm(all.t()) / options_.temperature;
    const double never = -std::numeric_limits<double>::infinity();
    const at::Tensor others = logits.scatter(1, (row + before).unsqueeze(1), never);  // a view is not compared with itself
    const at::Tensor mean = at::cross_entropy_loss(others, partner);
    return options_.add_views ? 2 * mean : mean;
  }

  Options options_;
};

}  // namespace

LAFS_PLUGIN(registrar) { registrar.add<SimClr>("simclr", "a view finds its partner among all views of the batch (Chen et al. 2020)"); }
