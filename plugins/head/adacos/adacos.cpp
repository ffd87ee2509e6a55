#include <numbers>

#include <fmt/format.h>
#include <torch/nn/module.h>
#include <torch/types.h>

#include "lafs/collective.h"
#include "lafs/error.h"
#include "lafs/head.h"
#include "lafs/plugin.h"
#include "nn/loss/running_mean.h"

namespace {

/// phi(c) = c with a scale that follows the angles and logits of the batches (AdaCos, Zhang et al. 2019). `scale()` is its first value; the
/// rules multiply by what it has become, in proportion.
class AdaCos final : public torch::nn::Module,
                     public lafs::Head,
                     public lafs::Margin,
                     public lafs::ChangesNegatives,
                     public lafs::Statistical {
 public:
  struct Options {
    bool dynamic = true;

    void declare(lafs::Params& p) {
      p("dynamic", dynamic, "true: the scale follows the batches; false: it stays sqrt(2) ln(identities - 1)");
    }
  };

  AdaCos(const Options& options, int64_t identities)
      : options_(options),
        first_(std::numbers::sqrt2 * std::log(static_cast<double>(identities) - 1)),
        s_(register_buffer("s", torch::full({1}, first_)), 1) {
    if (identities < 3) throw lafs::Error(fmt::format("the scale of adacos needs at least 3 identities, not {}", identities));
  }

  double scale() const override { return first_; }
  void observe(const lafs::TargetRows&, const lafs::Pass&) override {}
  void after_update(const lafs::Step&) override { s_.write(); }

  at::Tensor negatives(const at::Tensor& cosines, const at::Tensor& target_cosines, const lafs::Pass& pass) override {
    if (options_.dynamic && pass.training) observe_scale(cosines.detach(), target_cosines.detach(), pass.collective);
    return cosines * (s_.value(pass) / first_);
  }
  at::Tensor target(const lafs::TargetRows& rows, const lafs::Pass& pass) override { return rows.cosines * (s_.value(pass) / first_); }

 private:
  /// s = ln(B) / cos(min(pi / 4, median angle)), B the mean over rows of the sum of exp(s c) over other classes; the mean over ranks.
  /// Summed in double, so that taking the target away leaves nothing of it.
  void observe_scale(const at::Tensor& cosines, const at::Tensor& targets, lafs::Collective* collective) {
    const at::Tensor s = s_.saved();
    const at::Tensor others = (s * cosines).exp().sum(1, false, at::kDouble) - (s * targets).exp().to(at::kDouble);
    const at::Tensor angle = targets.acos().median().clamp_max(std::numbers::pi / 4);
    at::Tensor next = others.mean().log() / angle.cos();
    if (collective) collective->sum(next);
    s_.observe(next / (collective ? collective->world() : 1), next > 0);
  }

  Options options_;
  double first_;
  lafs::nn::RunningMean s_;
};

}  // namespace

LAFS_PLUGIN(registrar) {
  registrar.add<AdaCos>("adacos", "softmax of cosines whose scale follows the batches, without options to tune (Zhang et al. 2019)");
}
