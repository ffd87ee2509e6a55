#include "lafs/schedule.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "lafs/error.h"
#include "lafs/params.h"
#include "lafs/step.h"

namespace lafs {

namespace {

double half_cosine(double from, double to, double share) { return to + 0.5 * (from - to) * (1 + std::cos(std::numbers::pi * share)); }

/// Value `index` of `count` evenly spaced ones, both ends included; a single one is the first end.
double line(double first, double last, int64_t index, int64_t count) {
  if (count <= 1) return first;
  return index == count - 1 ? last : first + static_cast<double>(index) * ((last - first) / static_cast<double>(count - 1));
}

double constant_at(const Schedule& s, const Timeline&) { return s.from; }

double warmed_cosine(const Schedule& s, const Timeline& time, bool two_sided) {
  const auto warmup = static_cast<int64_t>(s.warmup_epochs * static_cast<double>(time.steps_per_epoch));
  if (time.index < warmup) {
    // Two-sided: the peak is left to the first step after the warm-up.
    return two_sided ? line(s.warmup_from, s.from, time.index, warmup + 1) : line(s.warmup_from, s.from, time.index, warmup);
  }
  const int64_t rest = two_sided ? std::max<int64_t>(1, time.total - warmup - 1) : time.total - warmup;
  return half_cosine(s.from, s.to, static_cast<double>(time.index - warmup) / static_cast<double>(rest));
}

double cosine_at(const Schedule& s, const Timeline& time) { return warmed_cosine(s, time, false); }
double two_sided_cosine_at(const Schedule& s, const Timeline& time) { return warmed_cosine(s, time, true); }

double epoch_linear_at(const Schedule& s, const Timeline& time) {
  const auto epochs = static_cast<int64_t>(s.warmup_epochs);
  return time.epoch < epochs ? line(s.warmup_from, s.from, time.epoch, epochs) : s.from;
}

double finetune_at(const Schedule& s, const Timeline& time) {
  const auto images = static_cast<double>(time.images);
  const auto warmup = static_cast<int64_t>(s.warmup_epochs * images) / time.step_images;
  const auto length = static_cast<int64_t>((static_cast<double>(time.epochs) - s.warmup_epochs) * images) / time.step_images;
  if (time.index <= warmup && warmup > 0) return s.from * static_cast<double>(time.index) / static_cast<double>(warmup);
  if (length <= 0) return s.from;
  return half_cosine(s.from, s.to, static_cast<double>(time.index - warmup - 1) / static_cast<double>(length));
}

double finetune_corrected_at(const Schedule& s, const Timeline& time) {
  const auto warmup = static_cast<int64_t>(s.warmup_epochs * static_cast<double>(time.steps_per_epoch));
  if (time.index < warmup) return s.from * static_cast<double>(time.index + 1) / static_cast<double>(warmup);
  const int64_t rest = std::max<int64_t>(1, time.total - warmup - 1);
  return half_cosine(s.from, s.to, static_cast<double>(time.index - warmup) / static_cast<double>(rest));
}

struct Shape {
  const char* name;
  double (*value)(const Schedule&, const Timeline&);
};

constexpr std::array shapes{
    Shape{"constant", constant_at},         Shape{"cosine", cosine_at},     Shape{"two_sided_cosine", two_sided_cosine_at},
    Shape{"epoch_linear", epoch_linear_at}, Shape{"finetune", finetune_at}, Shape{"finetune_corrected", finetune_corrected_at},
};

}  // namespace

double Schedule::at(const Timeline& time) const {
  for (const Shape& known : shapes) {
    if (shape == known.name) return known.value(*this, time);
  }
  throw Error("schedule shape \"" + shape + "\" is unknown");
}

double Schedule::operator()(const Step& step) const { return at(step.time); }

void Schedule::declare(Params& p, const Rule& values, std::string_view doc) {
  Rule known_shape;
  known_shape.choices = schedule_shapes();
  p("shape", shape, known_shape, "form of the curve");
  p("from", from, values, doc);
  p("to", to, in(values.low, values.high), doc);
  p("warmup_epochs", warmup_epochs, at_least(0), "warm-up epochs until the value \"from\" is reached");
  p("warmup_from", warmup_from, "value at the first step of the warm-up");
}

const std::vector<std::string>& schedule_shapes() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const Shape& known : shapes) all.emplace_back(known.name);
    return all;
  }();
  return names;
}

Schedule cosine(double from, double to, double warmup_epochs) {
  Schedule schedule;
  schedule.shape = "cosine";
  schedule.from = from;
  schedule.to = to;
  schedule.warmup_epochs = warmup_epochs;
  return schedule;
}

double scaled_lr(const std::string& rule, double lr, int64_t batch, int64_t accumulate) {
  const auto b = static_cast<double>(batch), a = static_cast<double>(accumulate);
  if (rule == "none") return lr;
  if (rule == "linear_256") return lr * (a * b) / 256;
  if (rule == "lafs_sqrt") return lr * (a / 480) * 336 * std::sqrt(b / 336);
  throw Error("scale rule \"" + rule + "\" is unknown");
}

}  // namespace lafs
