#include <torch/types.h>

#include "lafs/plugin.h"
#include "nn/layers/gather.h"
#include "nn/loss/unit_rows.h"
#include "nn/train/two_views.h"

namespace {

/// With z and z' the projections of the two views of a picture, N the pictures of all ranks, and sim the cosine, a picture i has the loss
///
///     l(i) = -log( exp(sim(z_i, z'_i) / tau) / sum over k of exp(sim(z_i, z'_k) / tau) ):
///
/// its first view has to find its second one among the second views of all pictures. The loss is the mean over pictures.
///
/// The class it derives from has the rest: network, views, and the look for a collapse. For a student that learns from its moving average
/// derive from lafs::nn::MomentumTeacher, which has a `compare` too.
class MyPlugin final : public lafs::nn::JointEmbedding {
 public:
  struct Options : TwoViews::Options {
    double temperature = 0.2;

    void declare(lafs::Params& p) {
      p("temperature", temperature, lafs::in(1e-3, 100), "tau");
      TwoViews::Options::declare(p);
    }
  };

  MyPlugin(const Options& options, lafs::Assembly& assembly) : JointEmbedding(options, assembly), options_(options) {}

 private:
  at::Tensor compare(const at::Tensor& first, const at::Tensor& second, const lafs::Step& step) override {
    const at::Tensor own = lafs::nn::unit_rows(first).unit;                                           // [B,K], of this rank
    const at::Tensor all = lafs::nn::gather_rows(lafs::nn::unit_rows(second).unit, step.collective);  // [N,K], of all ranks
    const at::Tensor place = at::arange(own.size(0), own.options().dtype(at::kLong)) + step.collective.rank() * own.size(0);
    return at::cross_entropy_loss(own.mm(all.t()) / options_.temperature, place);
  }

  Options options_;
};

}  // namespace

// When a change of yours alters numbers, raise the revision, a last argument: registrar.add<...>("my_plugin", "...", 2). Runs that are
// finished are then not taken for runs of the new code.
LAFS_PLUGIN(registrar) { registrar.add<MyPlugin>("my_plugin", "the first view of a picture finds the second one"); }
