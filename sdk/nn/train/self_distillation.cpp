#include "nn/train/self_distillation.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "lafs/suggestion.h"
#include "nn/layers/dims.h"
#include "nn/layers/function.h"
#include "nn/layers/tree.h"
#include "nn/loss/dino_loss.h"
#include "nn/train/collapse_watch.h"
#include "nn/train/fused_update.h"

namespace lafs::nn {

namespace {

/// Rows that reports look at: enough to see a collapse, too few to cost anything.
constexpr int64_t report_rows = 64;
/// Share of ln K beyond which the teacher says the same of every prototype.
constexpr double uniform_share = 0.995;
/// A teacher that names no more prototypes than a sixteenth of the views, or one, hardly tells pictures apart.
constexpr int64_t least_views = 8, views_per_prototype = 16;

void check_temperature(const char* key, const char* part, double value) {
  if (!(value > 0)) throw Error(fmt::format("{}: {} = {}; a temperature must be above 0", key, part, value));
}

void check_teacher_temperature(Schedule& schedule, bool shorten, int64_t epochs) {
  const char* key = "teacher_temperature";
  check_temperature(key, "from", schedule.from);
  if (schedule.shape == "constant") return;
  if (schedule.warmup_epochs > 0) check_temperature(key, "warmup_from", schedule.warmup_from);
  if (schedule.shape != "epoch_linear") check_temperature(key, "to", schedule.to);
  if (schedule.warmup_epochs <= static_cast<double>(epochs)) return;
  if (!shorten) {
    throw Error(fmt::format("{}: warmup_epochs = {} is more than the {} epochs of the run; shorten_warmup = true would shorten it", key,
                            schedule.warmup_epochs, epochs));
  }
  schedule.warmup_epochs = static_cast<double>(epochs);
}

/// What `freeze_last_layer` holds still.
std::vector<at::Tensor> prototypes_of(Projector& projector, int64_t epochs, const Assembly& assembly) {
  const auto* known = dynamic_cast<const Prototypes*>(&projector);
  if (!known) {
    throw Error(
        fmt::format("freeze_last_layer = {} would freeze nothing: the projector does not say which of its parameters are prototypes; "
                    "set it to 0, or take another projector{}",
                    epochs, suggest_capable(assembly.plugins_with(Projector::kind, "prototypes"))));
  }
  std::vector<at::Tensor> parameters;
  for (const std::string& name : known->prototypes()) {
    parameters.push_back(find_tensor(*projector.module(), name));
    if (!parameters.back().defined()) throw Error(fmt::format("the projector names \"{}\" as prototypes, which it does not have", name));
  }
  return parameters;
}

/// How many different numbers there are among [R] of them: a scalar, without a wait for the device.
at::Tensor distinct(const at::Tensor& numbers) {
  const at::Tensor seen_before = numbers.unsqueeze(1).eq(numbers.unsqueeze(0)).tril(-1).any(1);
  return seen_before.logical_not().sum();
}

/// Neighbours of one size become one call, as the reference's multi-crop wrapper has it (models.md 11).
std::vector<Crops> merged(const std::vector<Crops>& crops) {
  std::vector<Crops> out;
  for (const Crops& next : crops) {
    const bool same = !out.empty() && out.back().input.sizes().slice(1) == next.input.sizes().slice(1) &&
                      out.back().position_rows.defined() == next.position_rows.defined();
    if (!same) {
      out.push_back(next);
      continue;
    }
    Crops& last = out.back();
    last.input = at::cat({last.input, next.input});
    if (last.position_rows.defined()) last.position_rows = at::cat({last.position_rows, next.position_rows});
    last.views += next.views;
  }
  return out;
}

}  // namespace

void DistillationOptions::declare(Params& p) {
  p("student_temperature", student_temperature, in(1e-3, 100), "divides the student's logits");
  p("teacher_temperature", teacher_temperature, at_least(0),
    "divides the teacher's centred logits; one value an epoch by \"epoch_linear\"");
  p.quirk("P12", "shorten_warmup", shorten_warmup, false, true,
          "false: a teacher temperature warm-up longer than the run is an error; true: it is shortened to the run");
  p("momentum_teacher", momentum_teacher, in(0, 1), "share of itself that the teacher keeps at a step");
  p("center_momentum", center_momentum, in(0, 1), "share of itself that the centre of the teacher's logits keeps at a step");
  p("freeze_last_layer", freeze_last_layer, at_least(0), "first epochs in which the prototypes do not move");
  p.quirk("P7", "teacher_train_mode", teacher_train_mode, true, false,
          "true: the teacher uses dropout as the student does; false: it drops nothing; batch norms always see the batch");
  p.quirk("P17", "need_local_views", need_local_views, true, false,
          "true: an augmentation without local views is an error; false: global views are enough");
  p.affects_nothing("watch_every", watch_every, in(1, 1e9),
                    "most steps between looks for a collapse of the teacher; in a short run a tenth of it");
}

at::Tensor view_rows(const at::Tensor& views) { return views.flatten(0, 1); }

SelfDistillation::SelfDistillation(const DistillationOptions& options, Assembly& assembly) : options_(options) {
  check_teacher_temperature(options_.teacher_temperature, options_.shorten_warmup, assembly.epochs());
  student_ = make_network(*this, "student", assembly);
  teacher_ = make_network(*this, "teacher", assembly);
  for (const at::Tensor& parameter : teacher_.parameters) parameter.requires_grad_(false);
  if (options_.freeze_last_layer > 0) last_layer_ = prototypes_of(*student_.head, options_.freeze_last_layer, assembly);
  center_ = register_buffer("center", torch::zeros({1, student_.head->outputs()}));
}

std::vector<ViewNeed> SelfDistillation::needs(std::initializer_list<const char*> global, std::initializer_list<const char*> local) const {
  std::vector<ViewNeed> all;
  for (const char* group : global) all.push_back({group, 2, false});
  if (options_.need_local_views) {
    for (const char* group : local) all.push_back({group, 1, false});
  }
  return all;
}

double SelfDistillation::teacher_temperature(const Step& step) const { return options_.teacher_temperature(step); }

/// Throws Error unless these are all views of B pictures, in order.
void SelfDistillation::check(const std::vector<Crops>& crops, int64_t batch) {
  int64_t first = 0;
  for (const Crops& part : crops) {
    if (part.input.size(0) != part.views * batch) {
      throw Error(fmt::format("{} views of {} pictures have {} rows", part.views, batch, part.input.size(0)));
    }
    if (part.first != first) throw Error(fmt::format("views from {} on follow {} views", part.first, first));
    first += part.views;
  }
}

at::Tensor SelfDistillation::logits(const Network& network, const std::vector<Crops>& crops, const Pass& pass) {
  std::vector<at::Tensor> embeddings;
  int64_t views = 0;
  for (const Crops& part : merged(crops)) {
    embeddings.push_back(encode(*network.backbone, part, pass.scope("backbone").views(part.views, part.first)));
    views += part.views;
  }
  return network.head->forward(embeddings.size() == 1 ? embeddings[0] : at::cat(embeddings), pass.scope("head").views(views));
}

at::Tensor SelfDistillation::loss(const Batch& batch, const Step& step) {
  if (step.micro_batch == 0) {
    teacher_sum_ = at::Tensor();
    teacher_rows_ = 0;
  }
  const std::vector<Crops> views = crops(batch, step);
  check(views, batch.size());
  const Pass pass = step.pass();
  at::Tensor targets;
  {
    const at::NoGradGuard no_grad;
    targets = logits(teacher_, {views.front()}, options_.teacher_train_mode ? pass.scope("teacher") : pass.without_draws());
    const at::Tensor sum = targets.sum(0, true, at::kFloat);
    teacher_sum_ = teacher_sum_.defined() ? teacher_sum_ + sum : sum;
    teacher_rows_ += targets.size(0);
  }
  const at::Tensor guesses = logits(student_, views, pass.scope("student"));
  DinoLossOptions options;
  options.student_temperature = options_.student_temperature;
  options.teacher_temperature = teacher_temperature(step);
  options.teacher_views = views.front().views;
  report(guesses, targets, options.teacher_temperature, step);
  return dino_loss(guesses, targets, center_, options);
}

void SelfDistillation::report(const at::Tensor& student, const at::Tensor& teacher, double temperature, const Step& step) {
  const at::NoGradGuard no_grad;
  const AutocastOff off;
  const int64_t rows = std::min(report_rows, teacher.size(0));
  const at::Tensor some = widened(teacher.slice(0, 0, rows));
  const at::Tensor says = ((some - center_) / temperature).log_softmax(1);
  entropy_ = -(says.exp() * says).sum(1).mean();
  views_looked_at_ = rows;
  named_ = rows < least_views ? at::Tensor() : distinct(says.argmax(1));
  step.reporter.value("teacher_temp", temperature);
  step.reporter.value("teacher_momentum", options_.momentum_teacher(step));
  step.reporter.value("teacher_entropy", entropy_);
  if (named_.defined()) step.reporter.value("prototypes_named", named_);
  step.reporter.value("ln_prototypes", std::log(static_cast<double>(teacher.size(1))));
  step.reporter.value("center_norm", center_.norm());
  step.reporter.value("agreement", student.detach().slice(0, 0, rows).argmax(1).eq(some.argmax(1)).to(at::kFloat).mean());
}

void SelfDistillation::before_update(const Step& step) {
  if (step.time.epoch >= options_.freeze_last_layer) return;
  for (const at::Tensor& parameter : last_layer_) parameter.mutable_grad() = at::Tensor();
}

void SelfDistillation::after_update(const Step& step) {
  at::Tensor sum = std::exchange(teacher_sum_, {});
  if (sum.defined()) {
    step.collective.sum(sum);
    const double rows = static_cast<double>(std::exchange(teacher_rows_, 0) * step.collective.world());
    center_.mul_(options_.center_momentum).add_(sum / rows, 1 - options_.center_momentum);
  }
  // Also of frozen parameters, and where a scaler skipped the update (quirk P19); buffers are not averaged.
  const double momentum = options_.momentum_teacher(step);
  moving_average(teacher_.parameters, student_.parameters, momentum);
  watch(step);
}

void SelfDistillation::watch(const Step& step) {
  const at::Tensor entropy = std::exchange(entropy_, {}), named = std::exchange(named_, {});
  if (!CollapseWatch(options_.watch_every).due(step) || !entropy.defined()) return;
  const double value = entropy.item<double>(), most = std::log(static_cast<double>(center_.size(1)));
  if (value > uniform_share * most) {
    step.reporter.note(
        fmt::format("the teacher may have collapsed: it says the same of every picture (entropy {:.4f} of {:.4f})", value, most));
    return;
  }
  if (!named.defined()) return;
  const auto prototypes = named.item<int64_t>();
  if (prototypes <= std::max<int64_t>(1, views_looked_at_ / views_per_prototype)) {
    step.reporter.note(fmt::format(
        "the teacher may have collapsed: it names the same few prototypes for all pictures ({} for {} views, entropy {:.4f} of {:.4f})",
        prototypes, views_looked_at_, value, most));
  }
}

void SelfDistillation::start() { copy_network(student_, teacher_); }

}  // namespace lafs::nn
