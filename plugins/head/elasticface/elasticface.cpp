#include <torch/nn/module.h>
#include <torch/types.h>

#include "lafs/draws.h"
#include "lafs/head.h"
#include "lafs/plugin.h"
#include "nn/loss/arc_margin.h"

namespace {

/// ArcFace or CosFace with a margin for each sample, drawn for each loss from N(m, sigma) (ElasticFace, Boutros et al. 2022).
class ElasticFace final : public torch::nn::Module, public lafs::Head, public lafs::Margin, public lafs::Statistical {
 public:
  struct Options {
    std::string rule = "arc", plus_order = "argsort";
    double margin = 0.5, sigma = 0.05, scale = 64;
    bool plus = false, safe = true;

    void declare(lafs::Params& p) {
      p("rule", rule, lafs::one_of({"arc", "cos"}),
        "arc: margins are added to the angle; cos: subtracted from the cosine, published with 0.35");
      p("margin", margin, lafs::in(0, 3), "mean of the margins");
      p("sigma", sigma, lafs::in(0, 1), "standard deviation of the margins; published for plus with 0.0175 (arc) and 0.02 (cos)");
      p("plus", plus, "the smaller margins go to the samples with the larger target cosines");
      p.quirk("HD-10", "plus_order", plus_order, "argsort", "rank", lafs::one_of({"argsort", "rank"}),
              "how plus numbers the samples: argsort: by the order that sorts them, which is seldom their rank; rank: as meant");
      p("safe", safe, "arc: keep the slope finite where the cosine is 1 or -1");
      p("scale", scale, lafs::in(1e-3, 1e4), "logits are scale times cosines");
    }
  };

  ElasticFace(const Options& options, int64_t) : options_(options) {}

  double scale() const override { return options_.scale; }
  /// Of two labels the one of larger weight says how easy a sample is.
  void observe(const lafs::TargetRows& rows, const lafs::Pass&) override { observed_ = rows.cosines; }
  void after_update(const lafs::Step&) override { observed_.reset(); }

  at::Tensor target(const lafs::TargetRows& rows, const lafs::Pass& pass) override {
    const at::Tensor& c = rows.cosines;
    const at::Tensor drawn = pass.draws ? pass.draws->normal("margin", {}).to(c.scalar_type()) : at::zeros_like(c);
    at::Tensor margins = options_.margin + options_.sigma * drawn;
    if (options_.plus) margins = assigned(margins, observed_.defined() && observed_.sizes() == c.sizes() ? observed_ : c.detach());
    return options_.rule == "arc" ? lafs::nn::added_angle(c, margins, options_.safe) : c - margins;
  }

 private:
  at::Tensor assigned(const at::Tensor& margins, const at::Tensor& cosines) const {
    const at::Tensor order = at::argsort(cosines, /*stable=*/true, 0, /*descending=*/true);
    return std::get<0>(margins.sort()).index_select(0, options_.plus_order == "rank" ? order.argsort() : order);
  }

  Options options_;
  at::Tensor observed_;  // target cosines [B] of this loss
};

}  // namespace

LAFS_PLUGIN(registrar) { registrar.add<ElasticFace>("elasticface", "ArcFace or CosFace with drawn margins (Boutros et al. 2022)"); }
