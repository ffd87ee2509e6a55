#include "lafs/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "lafs/error.h"
#include "lafs/params.h"
#include "lafs/step.h"

namespace lafs {

namespace {

double half_cosine(double from, double to, double share) { return to + 0.5 * (from - to) * (1 + std::cos(std::numbers::pi * share)); }

int64_t warmup_steps(const Schedule& s, const Timeline& time) {
  return static_cast<int64_t>(s.warmup_epochs * static_cast<double>(time.steps_per_epoch));
}

/// Value `index` of `count` evenly spaced ones, both ends included; a single one is the first end.
double line(double first, double last, int64_t index, int64_t count) {
  if (count <= 1) return first;
  return index == count - 1 ? last : first + static_cast<double>(index) * ((last - first) / static_cast<double>(count - 1));
}

double constant_at(const Schedule& s, const Timeline&) { return s.from; }

double cosine_at(const Schedule& s, const Timeline& time) {
  const int64_t warmup = warmup_steps(s, time);
  if (time.index < warmup) return line(s.warmup_from, s.from, time.index, warmup);
  return half_cosine(s.from, s.to, static_cast<double>(time.index - warmup) / static_cast<double>(time.total - warmup));
}

/// A line to `from`, which the first step after it has, then `fall(x)` of how far the run has come since: 1 in the last step.
double warmed(const Schedule& s, const Timeline& time, const auto& fall) {
  const int64_t warmup = warmup_steps(s, time);
  if (time.index < warmup) return line(s.warmup_from, s.from, time.index, warmup + 1);
  const int64_t rest = std::max<int64_t>(1, time.total - warmup - 1);
  return fall(static_cast<double>(time.index - warmup) / static_cast<double>(rest));
}

double two_sided_cosine_at(const Schedule& s, const Timeline& time) {
  return warmed(s, time, [&](double share) { return half_cosine(s.from, s.to, share); });
}

double polynomial_at(const Schedule& s, const Timeline& time) {
  return warmed(s, time, [&](double share) { return s.to + (s.from - s.to) * std::pow(std::max(0.0, 1 - share), s.power); });
}

double multi_step_at(const Schedule& s, const Timeline& time) {
  const auto behind = std::count_if(s.milestones.begin(), s.milestones.end(), [&](double epoch) { return time.epochs_done >= epoch; });
  return warmed(s, time, [&](double) { return s.from * std::pow(s.factor, static_cast<double>(behind)); });
}

double one_cycle_at(const Schedule& s, const Timeline& time) {
  const auto index = static_cast<double>(time.index), last = static_cast<double>(time.total - 1);
  const double peak = s.peak_at * static_cast<double>(time.total) - 1;
  if (index < peak) return half_cosine(s.warmup_from, s.from, index / peak);
  return last > peak ? half_cosine(s.from, s.to, (index - peak) / (last - peak)) : s.from;
}

double epoch_linear_at(const Schedule& s, const Timeline& time) {
  const auto epochs = static_cast<int64_t>(s.warmup_epochs);
  return time.epoch < epochs ? line(s.warmup_from, s.from, time.epoch, epochs) : s.from;
}

double finetune_at(const Schedule& s, const Timeline& time) {
  const auto images = static_cast<double>(time.images);
  const auto warmup = static_cast<int64_t>(s.warmup_epochs * images) / time.step_images;
  const auto length = static_cast<int64_t>((time.epochs - s.warmup_epochs) * images) / time.step_images;
  if (time.index <= warmup && warmup > 0) return s.from * static_cast<double>(time.index) / static_cast<double>(warmup);
  if (length <= 0) return s.from;
  return half_cosine(s.from, s.to, static_cast<double>(time.index - warmup - 1) / static_cast<double>(length));
}

double finetune_corrected_at(const Schedule& s, const Timeline& time) {
  const int64_t warmup = warmup_steps(s, time);
  if (time.index < warmup) return s.from * static_cast<double>(time.index + 1) / static_cast<double>(warmup);
  const int64_t rest = std::max<int64_t>(1, time.total - warmup - 1);
  return half_cosine(s.from, s.to, static_cast<double>(time.index - warmup) / static_cast<double>(rest));
}

struct Shape {
  const char* name;
  double (*value)(const Schedule&, const Timeline&);
  std::vector<std::string_view> keys;  ///< of its table, beside "shape" and "from"
};

const std::vector<Shape>& shapes() {
  static const std::vector<Shape> all{
      {"constant", constant_at, {}},
      {"cosine", cosine_at, {"to", "warmup_epochs", "warmup_from"}},
      {"two_sided_cosine", two_sided_cosine_at, {"to", "warmup_epochs", "warmup_from"}},
      {"epoch_linear", epoch_linear_at, {"to", "warmup_epochs", "warmup_from"}},
      {"finetune", finetune_at, {"to", "warmup_epochs", "warmup_from"}},
      {"finetune_corrected", finetune_corrected_at, {"to", "warmup_epochs", "warmup_from"}},
      {"polynomial", polynomial_at, {"to", "warmup_epochs", "warmup_from", "power"}},
      {"multi_step", multi_step_at, {"warmup_epochs", "warmup_from", "milestones", "factor"}},
      {"one_cycle", one_cycle_at, {"to", "warmup_from", "peak_at"}},
  };
  return all;
}

const Shape& shape_of(std::string_view name) {
  const auto found = std::find_if(shapes().begin(), shapes().end(), [&](const Shape& known) { return known.name == name; });
  if (found == shapes().end()) throw Error(fmt::format("schedule shape \"{}\" is unknown", name));
  return *found;
}

}  // namespace

double Schedule::at(const Timeline& time) const { return shape_of(shape).value(*this, time); }

double Schedule::operator()(const Step& step) const { return at(step.time); }

bool Schedule::takes(std::string_view key) const {
  const auto& keys = shape_of(shape).keys;
  return key == "shape" || key == "from" || std::find(keys.begin(), keys.end(), key) != keys.end();
}

void Schedule::declare(Params& p, const Rule& values, std::string_view doc) {
  Rule known_shape;
  known_shape.choices = schedule_shapes();
  p("shape", shape, known_shape, "form of the curve");
  p("from", from, values, doc);
  p("to", to, in(values.low, values.high), doc);
  p("warmup_epochs", warmup_epochs, at_least(0), "warm-up epochs until the value \"from\" is reached");
  p("warmup_from", warmup_from, "value at the first step of the warm-up");
  p("power", power, in(1e-3, 1000), "exponent of a polynomial; 1 is a line");
  p("milestones", milestones, at_least(0), "epochs after which a multi_step is multiplied by \"factor\"");
  p("factor", factor, in(0, 1e6), "what each milestone multiplies by");
  p("peak_at", peak_at, in(0, 1), "share of the run at which a one_cycle reaches the value \"from\"");
}

const std::vector<std::string>& schedule_shapes() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const Shape& known : shapes()) all.emplace_back(known.name);
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
  throw Error(fmt::format("scale rule \"{}\" is unknown", rule));
}

}  // namespace lafs
