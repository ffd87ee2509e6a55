#include <tuple>

#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "lafs/head.h"
#include "lafs/plugin.h"
#include "nn/loss/arc_margin.h"

namespace {

/// phi(theta) = cos(theta + m(a)), where the margin rises with the norm a, which has a gradient (MagFace, Meng et al. 2021).
class MagFace final : public lafs::Head, public lafs::Margin, public lafs::NormGradient, public lafs::ExtraLoss {
 public:
  struct Options {
    double lower_norm = 10, upper_norm = 110, lower_margin = 0.45, upper_margin = 0.8, lambda_g = 35, scale = 64;
    bool easy_margin = true, safe = true, check_lambda_g = false;

    void declare(lafs::Params& p) {
      p("lower_norm", lower_norm, lafs::in(1e-3, 1e4), "norms below count as this");
      p("upper_norm", upper_norm, lafs::in(1e-3, 1e4), "norms above count as this");
      p("lower_margin", lower_margin, lafs::in(0, 3), "added to the target angle at the lower norm, in radians");
      p("upper_margin", upper_margin, lafs::in(0, 3), "added to the target angle at the upper norm, in radians");
      p("lambda_g", lambda_g, lafs::in(0, 1e6), "weight of the term that rewards long embeddings");
      p("scale", scale, lafs::in(1e-3, 1e4), "logits are scale times cosines");
      p("easy_margin", easy_margin, "the margin acts on positive cosines only, without continuation");
      p("safe", safe, "keep the slope finite where the cosine is 1 or -1");
      p.quirk("HD-09", "check_lambda_g", check_lambda_g, false, true, "refuse a lambda_g too small for each sample to have one best norm");
    }

    double slope() const { return (upper_margin - lower_margin) / (upper_norm - lower_norm); }
  };

  MagFace(const Options& o, int64_t) : options_(o) {
    if (o.lower_norm >= o.upper_norm || o.lower_margin > o.upper_margin) {
      throw lafs::Error(
          fmt::format("norms {} to {} or margins {} to {} do not rise", o.lower_norm, o.upper_norm, o.lower_margin, o.upper_margin));
    }
    const double u = o.upper_norm * o.upper_norm, l = o.lower_norm * o.lower_norm, least = o.scale * o.slope() * u * l / (u - l);
    if (o.check_lambda_g && o.lambda_g < least) {
      constexpr const char* why = "lambda_g {} is below {:.3f}, the least with which each sample has one best norm; raise it";
      throw lafs::Error(fmt::format(why, o.lambda_g, least));
    }
  }

  double scale() const override { return options_.scale; }
  at::Tensor target(const lafs::TargetRows& rows, const lafs::Pass&) override {
    const auto& [c, o] = std::tie(rows.cosines, options_);
    const at::Tensor margins = o.lower_margin + o.slope() * (counted(rows.norms) - o.lower_norm);
    return o.easy_margin ? lafs::nn::eased_angle(c, margins, o.safe) : lafs::nn::continued_angle(c, margins, o.safe);
  }
  at::Tensor extra_loss(const at::Tensor& norms, const lafs::Pass&) override {
    const at::Tensor a = counted(norms);
    return options_.lambda_g * (a / (options_.upper_norm * options_.upper_norm) + 1 / a).mean();
  }

 private:
  at::Tensor counted(const at::Tensor& norms) const { return norms.clamp(options_.lower_norm, options_.upper_norm); }

  Options options_;
};

}  // namespace

LAFS_PLUGIN(registrar) { registrar.add<MagFace>("magface", "an added angle that rises with the norm (MagFace, Meng et al. 2021)"); }
