#include "runner/tools/plan/find_lr.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kernel/data/epochs.h"
#include "kernel/data/loader.h"
#include "kernel/model/assembly.h"
#include "kernel/ranks/device.h"
#include "kernel/train/trainer.h"
#include "lafs/error.h"
#include "runner/tools/show/chart_sheet.h"
#include "runner/tools/show/pictures.h"

namespace lafs {

namespace {

constexpr double decay = 0.9, gives_up_at = 4;

const Stage& chosen_stage(const Row& row, const std::string& stage) {
  const auto stages = chosen_stages(row, stage);
  if (stages.size() != 1) throw Error("a learning rate is looked for in one stage: name it with --stage");
  return *stages.front();
}

/// A stage in training, with rates of our own.
class RangeTest {
 public:
  RangeTest(const Recipe& recipe, int64_t steps)
      : assembly_(recipe, RecipeAssembly::Data::open, [](const std::string&) {}),
        device_(open_device(recipe.run.device, {recipe.run.tf32, recipe.run.deterministic})),
        trainer_(recipe, assembly_, device_),
        epochs_(recipe.run, assembly_.images()) {
    use_threads(recipe.run.threads);
    trainer_.initialise([](const std::string&) {});
    loader_.emplace(assembly_.data(), assembly_.augmentation(), recipe.input, loader_options(recipe.run, 0, epochs_.first_micro(steps)),
                    device_);
  }
  /// The loss before the step; not a number where the step could not be done.
  double step(int64_t number, double lr) {
    try {
      Timeline time = epochs_.timeline(std::min(number, epochs_.total - 1));
      return trainer_.step(time, [&] { return loader_->next(); }, lr).loss;
    } catch (const NotFinite&) {
      return NAN;
    }
  }

 private:
  RecipeAssembly assembly_;
  at::Device device_;
  Trainer trainer_;
  Epochs epochs_;
  std::optional<Loader> loader_;
};

void draw(const FoundLr& found, const FindLr& how) {
  Chart chart{.title = "loss", .x_name = "learning rate", .y_name = "loss", .log_x = true};
  chart.series = {{"of the step", {}, {}}, {"smoothed", {}, {}}};
  for (const LrPoint& point : found.points) {
    for (Series& series : chart.series) series.x.push_back(point.lr);
    chart.series[0].y.push_back(point.loss);
    chart.series[1].y.push_back(point.smoothed);
  }
  write_sheet(how.picture, chart_sheet("learning rate range test", fmt::format("{} steps", found.points.size()), {chart}), how.force);
}

std::string rates_text(const FoundLr& found) {
  if (found.steepest == 0)
    return "the loss does not fall at any of these rates: take a wider range, more steps, or look at data and recipe\n";
  std::string text = fmt::format("the loss falls fastest at lr = {:.2e} and is lowest at {:.2e}", found.steepest, found.lowest);
  text += found.diverged > 0 ? fmt::format("; at {:.2e} it grew out of bounds\n", found.diverged) : ", and never grew out of bounds\n";
  text += fmt::format("[optimizer] lr between {:.2e} and {:.2e} is worth a try", found.steepest / found.scale,
                      std::max(found.steepest, found.lowest / 10) / found.scale);
  if (found.scale != 1) text += fmt::format(" (scale_rule multiplies it by {:.4g})", found.scale);
  return text + "; one seed and few steps say no more than the order of magnitude\n";
}

}  // namespace

bool LrCurve::add(double lr, double loss) {
  mean_ = decay * mean_ + (1 - decay) * loss;
  weight_ = decay * weight_ + (1 - decay);
  const LrPoint point{lr, loss, mean_ / weight_};
  const bool finite = std::isfinite(loss);
  if (!finite || point.smoothed > gives_up_at * std::max(lowest_, 0.0)) found_.diverged = lr;
  if (!finite) return false;
  const double before = found_.points.empty() ? point.smoothed : found_.points.back().smoothed;
  const double step = found_.points.empty() ? 1 : std::log(lr / found_.points.back().lr);
  found_.points.push_back(point);
  if (found_.diverged > 0) return false;
  if (point.smoothed < lowest_) {
    lowest_ = point.smoothed;
    found_.lowest = lr;
  }
  if (const double slope = (point.smoothed - before) / step; slope < steepest_) {
    steepest_ = slope;
    found_.steepest = lr;
  }
  return true;
}

FoundLr read_lr_curve(const std::vector<LrPoint>& points) {
  LrCurve curve;
  for (const LrPoint& point : points)
    if (!curve.add(point.lr, point.loss)) break;
  return curve.found();
}

FoundLr find_lr(const Row& row, const std::string& stage, const FindLr& how) {
  const Recipe& recipe = chosen_stage(row, stage).recipe;
  if (!(how.to > how.from)) throw Error(fmt::format("the rates from {} to {} do not rise", how.from, how.to));
  if (!how.picture.empty()) require_free(how.picture, how.force);
  RangeTest test(recipe, how.steps);
  LrCurve curve;
  const double factor = std::pow(how.to / how.from, 1 / static_cast<double>(how.steps - 1));
  for (int64_t s = 0; s < how.steps; ++s) {
    const double lr = how.from * std::pow(factor, static_cast<double>(s));
    const bool goes_on = curve.add(lr, test.step(s, lr));
    how.progress(s + 1);
    if (!goes_on) break;
  }
  FoundLr found = curve.found();
  found.scale = scaled_lr(recipe.optimizer_options.scale_rule, 1, recipe.run.batch, recipe.run.accumulate);
  if (!how.picture.empty()) draw(found, how);
  return found;
}

std::string found_lr_text(const FoundLr& found) {
  std::string text = fmt::format("{:>10}  {:>10}  {:>10}\n", "lr", "loss", "smoothed");
  const size_t every = std::max<size_t>(1, found.points.size() / 20);
  for (size_t i = 0; i < found.points.size(); i += every)
    text += fmt::format("{:>10.2e}  {:>10.4f}  {:>10.4f}\n", found.points[i].lr, found.points[i].loss, found.points[i].smoothed);
  return text + rates_text(found);
}

nlohmann::json found_lr_json(const FoundLr& found) {
  nlohmann::json out{{"steepest", found.steepest}, {"lowest", found.lowest}, {"diverged", found.diverged}, {"scale", found.scale}};
  for (const LrPoint& point : found.points) out["points"].push_back({{"lr", point.lr}, {"loss", point.loss}, {"smoothed", point.smoothed}});
  return out;
}

}  // namespace lafs
