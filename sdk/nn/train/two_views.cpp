#include "nn/train/two_views.h"

#include <array>

#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "nn/layers/function.h"
#include "nn/layers/tree.h"
#include "nn/loss/collapse.h"
#include "nn/train/fused_update.h"

namespace lafs::nn {

namespace {

/// Below these all pictures have nearly one projection, or projections on a line.
constexpr int64_t least_judged = 8;  // pictures: two lie on a line, whatever was learned
constexpr double least_spread = 0.05, least_dimensions = 1.5;

}  // namespace

void TwoViews::Options::declare(Params& p) {
  p.affects_nothing("watch_every", watch_every, in(1, 1e9),
                    "most steps between looks for a collapse of the projections; in a short run a tenth of it");
}

TwoViews::TwoViews(const Options& options, const Assembly& assembly) : watch_(options.watch_every) {
  if (assembly.rank_batch() * assembly.world() < 2)
    throw Error("a batch of one picture has nothing to be compared with; raise [run] batch");
}

void TwoViews::look(const at::Tensor& first, const at::Tensor& second, const Step& step) {
  if (first.size(0) < 2) return;  // one picture differs from no other
  const CollapseSigns signs = collapse_signs(first, second);
  step.reporter.value("projection_spread", signs.spread);
  step.reporter.value("projection_dimensions", signs.dimensions);
  step.reporter.value("view_similarity", signs.similarity);
  step.reporter.value("pairs_found", signs.found);
  if (first.size(0) < least_judged) return;
  spread_ = signs.spread;
  dimensions_ = signs.dimensions;
}

void TwoViews::after_update(const Step& step) {
  const at::Tensor spread = std::exchange(spread_, {}), dimensions = std::exchange(dimensions_, {});
  if (!watch_.due(step) || !spread.defined()) return;
  const double wide = spread.item<double>(), directions = dimensions.item<double>();
  if (wide < least_spread) {
    step.reporter.note(fmt::format("the projections may have collapsed: all pictures have nearly the same one (spread {:.4f} of 1)", wide));
  } else if (directions < least_dimensions) {
    step.reporter.note(fmt::format("the projections may have collapsed: they differ along one line only ({:.2f} dimensions)", directions));
  }
}

JointEmbedding::JointEmbedding(const Options& options, Assembly& assembly, bool together)
    : TwoViews(options, assembly), network_(make_network(*this, "", assembly)), together_(together) {}

at::Tensor JointEmbedding::loss(const Batch& batch, const Step& step) {
  const at::Tensor views = batch.views("global");  // [2,B,3,H,W]
  std::vector<at::Tensor> z;                       // [B,K] each
  if (together_) {
    z = network_.forward(views.flatten(0, 1), step.pass().views(2)).chunk(2);
  } else {
    for (int64_t view = 0; view < 2; ++view) z.push_back(network_.forward(views[view], step.pass().views(1, view)));
  }
  const AutocastOff off;
  const at::Tensor first = widened(z[0]), second = widened(z[1]);
  look(first, second, step);
  return compare(first, second, step);
}

void MomentumTeacher::Options::declare(Params& p) {
  p("predictor", predictor, "what the student has behind its projector, a projector too; as many outputs as that");
  p("momentum_teacher", momentum_teacher, in(0, 1), "share of itself that the teacher keeps at a step");
  TwoViews::Options::declare(p);
}

MomentumTeacher::MomentumTeacher(const Options& options, Assembly& assembly)
    : TwoViews(options, assembly),
      momentum_(options.momentum_teacher),
      student_(make_network(*this, "student", assembly)),
      teacher_(make_network(*this, "teacher", assembly)) {
  const int64_t width = student_.head->outputs();
  predictor_ = options.predictor.make(width);
  if (predictor_->outputs() != width) {
    throw Error(fmt::format("the predictor has {} outputs, the projector {}; they are compared, so both need as many",
                            predictor_->outputs(), width));
  }
  put(*this, "student.predictor", predictor_->module());
  for (const at::Tensor& parameter : teacher_.parameters) parameter.requires_grad_(false);
}

at::Tensor MomentumTeacher::loss(const Batch& batch, const Step& step) {
  const at::Tensor views = batch.views("global");  // [2,B,3,H,W]
  std::array<at::Tensor, 2> predictions, targets;  // [B,K] each
  for (int64_t view = 0; view < 2; ++view) {
    const Pass pass = step.pass().scope("student").views(1, view);
    predictions[view] = predictor_->forward(student_.forward(views[view], pass), pass.scope("predictor"));
    const at::NoGradGuard no_grad;
    targets[view] = widened(teacher_.forward(views[view], pass.without_draws()));
  }
  const AutocastOff off;
  for (at::Tensor& prediction : predictions) prediction = widened(prediction);
  look(targets[0], targets[1], step);
  const at::Tensor one_way = compare(predictions[0], targets[1], step);  // one after the other: ranks gather in the same order
  return one_way + compare(predictions[1], targets[0], step);
}

void MomentumTeacher::after_update(const Step& step) {
  moving_average(teacher_.parameters, student_.parameters, momentum_(step));
  TwoViews::after_update(step);
}

void MomentumTeacher::start() { copy_network(student_, teacher_); }

}  // namespace lafs::nn
