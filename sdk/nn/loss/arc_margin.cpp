#include "nn/loss/arc_margin.h"

#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include <torch/types.h>

#include "nn/layers/function.h"

namespace lafs::nn {

namespace {

at::Tensor sines(const at::Tensor& cosines, bool safe) {
  const at::Tensor square = 1 - cosines * cosines;
  return (safe ? square.clamp_min(1e-7) : square).sqrt();
}

struct StraightThrough {
  static at::Tensor forward(torch::autograd::AutogradContext*, const at::Tensor& cosines, double margin) {
    return (cosines.acos() + margin).cos();
  }
  static std::vector<at::Tensor> backward(torch::autograd::AutogradContext*, const at::Tensor& gradient) { return {gradient, {}}; }
};

}  // namespace

at::Tensor added_angle(const at::Tensor& cosines, double margin, bool safe) {
  return cosines * std::cos(margin) - sines(cosines, safe) * std::sin(margin);
}

at::Tensor added_angle(const at::Tensor& cosines, const at::Tensor& margin, bool safe) {
  return cosines * margin.cos() - sines(cosines, safe) * margin.sin();
}

at::Tensor continued_angle(const at::Tensor& cosines, double margin, bool safe) {
  const double rest = std::numbers::pi - margin;
  return at::where(cosines > std::cos(rest), added_angle(cosines, margin, safe), cosines - margin * std::sin(rest));
}

at::Tensor continued_angle(const at::Tensor& cosines, const at::Tensor& margin, bool safe) {
  const at::Tensor rest = std::numbers::pi - margin;
  return at::where(cosines > rest.cos(), added_angle(cosines, margin, safe), cosines - margin * rest.sin());
}

at::Tensor eased_angle(const at::Tensor& cosines, double margin, bool safe) {
  return at::where(cosines > 0, added_angle(cosines, margin, safe), cosines);
}

at::Tensor eased_angle(const at::Tensor& cosines, const at::Tensor& margin, bool safe) {
  return at::where(cosines > 0, added_angle(cosines, margin, safe), cosines);
}

at::Tensor multiplied_angle(const at::Tensor& cosines, double times) {
  const at::Tensor k = (times * cosines.detach().acos() / std::numbers::pi).floor();
  at::Tensor last = at::ones_like(cosines), now = cosines;
  if (times == std::floor(times)) {
    for (int i = 1; i < times; ++i) last = std::exchange(now, 2 * cosines * now - last);
  } else {
    now = (times * cosines.clamp(-1 + 1e-6, 1 - 1e-6).acos()).cos();
  }
  return (1 - 2 * k.remainder(2)) * now - 2 * k;
}

at::Tensor straight_through_angle(const at::Tensor& cosines, double margin) { return Function<StraightThrough>::apply(cosines, margin); }

void ArcMargin::declare(Params& p) {
  p("margin", margin, in(0, 3), "added to the target angle, in radians");
  p("scale", scale, in(1e-3, 1e4), "logits are scale times cosines");
  p.quirk("HD-03", "formulation", formulation, "straight_through", "trig", one_of({"straight_through", "trig", "acos"}),
          "straight_through: insightface, the slope of the margin is taken as 1; trig: exact slope, continued monotonically beyond pi - "
          "margin; "
          "acos: exact slope with the angle clipped");
  p("safe", safe, "trig: keep the slope finite where the cosine is 1 or -1");
  p("easy_margin", easy_margin, "trig: the margin acts on positive cosines only, without continuation");
  p("eps", eps, in(1e-7, 0.1), "acos: distance kept from the ends of cosine and angle");
}

at::Tensor ArcMargin::target(const at::Tensor& cosines) const {
  if (formulation == "straight_through") return straight_through_angle(cosines, margin);
  if (formulation == "acos") return (cosines.clamp(-1 + eps, 1 - eps).acos() + margin).clamp(eps, std::numbers::pi - eps).cos();
  return easy_margin ? eased_angle(cosines, margin, safe) : continued_angle(cosines, margin, safe);
}

}  // namespace lafs::nn
