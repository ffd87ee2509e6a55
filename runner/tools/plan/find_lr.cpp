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

void smooth(std::vector<LrPoint>& points) {
  double mean = 0, weight = 0;
  for (LrPoint& point : points) {
    mean = decay * mean + (1 - decay) * point.loss;
    weight = decay * weight + (1 - decay);
    point.smoothed = mean / weight;
  }
}

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

FoundLr read_lr_curve(std::vector<LrPoint> points) {
  FoundLr out;
  smooth(points);
  double lowest = INFINITY, slope = 0;
  for (size_t i = 0; i < points.size(); ++i) {
    if (!std::isfinite(points[i].loss) || points[i].smoothed > gives_up_at * std::max(lowest, 0.0)) {
      out.diverged = points[i].lr;
      points.resize(std::isfinite(points[i].loss) ? i + 1 : i);
      break;
    }
    if (points[i].smoothed < lowest) {
      lowest = points[i].smoothed;
      out.lowest = points[i].lr;
    }
    if (i == 0) continue;
    const double now = (points[i].smoothed - points[i - 1].smoothed) / std::log(points[i].lr / points[i - 1].lr);
    if (now < slope) {
      slope = now;
      out.steepest = points[i].lr;
    }
  }
  out.points = std::move(points);
  return out;
}

FoundLr find_lr(const Row& row, const std::string& stage, const FindLr& how) {
  const Recipe& recipe = chosen_stage(row, stage).recipe;
  if (!(how.to > how.from)) throw Error(fmt::format("the rates from {} to {} do not rise", how.from, how.to));
  if (!how.picture.empty()) require_free(how.picture, how.force);
  RangeTest test(recipe, how.steps);
  std::vector<LrPoint> points;
  const double factor = std::pow(how.to / how.from, 1 / static_cast<double>(how.steps - 1));
  for (int64_t s = 0; s < how.steps; ++s) {
    const double lr = how.from * std::pow(factor, static_cast<double>(s));
    points.push_back({lr, test.step(s, lr), 0});
    how.progress(s + 1);
    if (read_lr_curve(points).diverged > 0) break;
  }
  FoundLr found = read_lr_curve(std::move(points));
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
