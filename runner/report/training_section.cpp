#include "runner/report/training_section.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "kernel/ledger/training_notes.h"
#include "kernel/results/html_text.h"
#include "kernel/results/unit_text.h"

namespace lafs {

namespace {

/// What a logged value is called, and what a reader should know of it. `group` is where it stands.
enum class Group { loss, schedules, collapse, speed, others };
struct KnownValue {
  std::string_view name, title, about;
  Group group;
};

constexpr std::array known_values{
    KnownValue{"loss", "Loss", "", Group::loss},
    KnownValue{"accuracy", "Accuracy on the training batch", "", Group::loss},
    KnownValue{"lr", "Learning rate", "", Group::schedules},
    KnownValue{"weight_decay", "Weight decay", "", Group::schedules},
    KnownValue{"teacher_momentum", "Momentum of the teacher", "share of the old teacher that each update keeps", Group::schedules},
    KnownValue{"teacher_temp", "Temperature of the teacher", "", Group::schedules},
    KnownValue{"teacher_entropy", "Entropy of the teacher",
               "of its output for a picture: near 0 it is certain of one prototype, near the dashed line it says the same of every picture",
               Group::collapse},
    KnownValue{"agreement", "Agreement of student and teacher", "share of pictures for which both prefer the same prototype",
               Group::collapse},
    KnownValue{"prototypes_named", "Prototypes named", "how many different ones the teacher names for 64 views; 1: the same for all",
               Group::collapse},
    KnownValue{"center_norm", "Norm of the centre", "of the running mean of the teacher's output", Group::collapse},
    KnownValue{"landmark_spread", "Spread of the landmarks",
               "standard deviation of each landmark over the pictures of a batch: 0 means that landmarks ignore the face", Group::collapse},
    KnownValue{"landmark_consistency", "Consistency of the landmarks",
               "mean squared distance to the landmarks of the source, in sides of the picture", Group::collapse},
    KnownValue{"projection_spread", "Spread of the projections", "near 1: they point everywhere; 0: all pictures have one projection",
               Group::collapse},
    KnownValue{"projection_dimensions", "Dimensions of the projections", "in how many directions they differ; 1: all lie on a line",
               Group::collapse},
    KnownValue{"view_similarity", "Similarity of the views", "mean cosine of the two views of a picture; 1 from the start is a collapse",
               Group::collapse},
    KnownValue{"pairs_found", "Pairs found", "share of views that find the other view of their picture", Group::collapse},
    KnownValue{"invariance", "Invariance", "a term of the loss", Group::loss},
    KnownValue{"redundancy", "Redundancy", "a term of the loss", Group::loss},
    KnownValue{"explained", "Explained variance", "share of the variance of the hidden pixels that the guesses explain", Group::loss},
    KnownValue{"variance", "Variance", "a term of the loss", Group::loss},
    KnownValue{"covariance", "Covariance", "a term of the loss", Group::loss},
    KnownValue{"gradient_norm", "Norm of the gradient", "before clipping", Group::others},
    KnownValue{"images_per_second", "Throughput", "", Group::speed},
};

const KnownValue* known_value(const std::string& name) {
  const auto* found = std::find_if(known_values.begin(), known_values.end(), [&](const KnownValue& one) { return one.name == name; });
  return found == known_values.end() ? nullptr : found;
}

/// Names of later objectives say what they are, too.
Group group_of(const std::string& name) {
  if (const KnownValue* known = known_value(name)) return known->group;
  const auto says = [&](const char* word) { return name.find(word) != std::string::npos; };
  if (says("loss")) return Group::loss;
  if (says("momentum") || says("temp") || says("decay") || name.ends_with("_lr")) return Group::schedules;
  if (says("entropy") || says("center") || says("spread") || says("rank") || says("variance")) return Group::collapse;
  return Group::others;
}

/// Values of a range that no straight axis can show.
bool wants_powers(const Series& series) {
  double low = INFINITY, high = 0;
  for (const double y : series.y) {
    if (!std::isfinite(y)) continue;
    low = std::min(low, y);
    high = std::max(high, y);
  }
  return low > 0 && high > 1000 * low;
}

/// Values of one name before the slash share a chart: the gradient norms of the parts of a model.
void add_part(const Series& series, std::vector<Chart>& charts) {
  const size_t slash = series.name.find('/');
  const std::string title = series.name.substr(0, slash) + " of each part";
  auto chart = std::find_if(charts.begin(), charts.end(), [&](const Chart& one) { return one.title == title; });
  if (chart == charts.end()) chart = charts.insert(charts.end(), {title, "optimizer step", "", false, {}});
  chart->series.push_back(thinned(series, most_line_points));
  chart->series.back().name = series.name.substr(slash + 1);
}

std::vector<Chart> charts_of_group(const TrainingLog& log, Group group) {
  std::vector<Chart> charts;
  const auto add = [&](const Series& series) {
    if (group_of(series.name) == group && series.name != "ln_prototypes") charts.push_back(value_chart(log, series));
  };
  for (const KnownValue& known : known_values) {
    if (const Series* series = log.find(std::string(known.name))) add(*series);
  }
  for (const Series& series : log.values) {
    if (known_value(series.name) || group_of(series.name) != group) continue;
    if (series.name.find('/') == std::string::npos) {
      add(series);
    } else {
      add_part(series, charts);
    }
  }
  return charts;
}

/// The metric that checkpoints are ranked by, as results have it; "accuracy" where there are none yet.
Metric first_metric(const std::string& evaluator, const std::vector<NamedMetrics>& results) {
  for (const NamedMetrics& named : results) {
    if (named.name == evaluator && !named.metrics.values.empty()) return named.metrics.values.front();
  }
  return {.name = "accuracy", .unit = Unit::share};
}

/// A line for each evaluator, evaluators of one metric in one chart.
std::vector<Chart> evaluation_charts(const TrainingLog& log, const std::vector<NamedMetrics>& results) {
  std::vector<Chart> charts;
  for (const EvaluationLog& evaluation : log.evaluations) {
    const Metric first = first_metric(evaluation.evaluator, results);
    for (Series series : evaluation.metrics) {
      if (series.name != first.full_name() || series.x.size() < 2) continue;
      const double scale = shown_scale(first.unit);
      for (auto* values : {&series.y, &series.low, &series.high})
        std::for_each(values->begin(), values->end(), [&](double& y) { y *= scale; });
      const std::string title = "While training: " + series.name;
      auto chart = std::find_if(charts.begin(), charts.end(), [&](const Chart& one) { return one.title == title; });
      if (chart == charts.end()) {
        const std::string unit = first.unit == Unit::share ? "%" : std::string(unit_text(first.unit));
        chart = charts.insert(charts.end(), {title, "optimizer step", unit, false, {}});
        chart->about = "of the evaluators, each with its standard error";
      }
      series.name = evaluation.evaluator;
      chart->series.push_back(std::move(series));
    }
  }
  return charts;
}

}  // namespace

Chart value_chart(const TrainingLog& log, const Series& series) {
  const KnownValue* known = known_value(series.name);
  const std::string title = known ? std::string(known->title) : series.name;
  Chart chart{title, "optimizer step", series.name == "images_per_second" ? "images/s" : "", false, {thinned(series, most_line_points)}};
  if (known) chart.about = known->about;
  chart.log_y = series.name == "gradient_norm" && wants_powers(series);
  const Series* most = series.name == "teacher_entropy" ? log.find("ln_prototypes") : nullptr;
  if (most) {
    const std::vector<double> ends{most->x.front(), most->x.back()};
    chart.series.push_back({"ln of the number of prototypes", ends, {most->y.front(), most->y.back()}, {}, {}, true});
  }
  return chart;
}

Chart loss_chart(const TrainingLog& log) {
  const Series* loss = log.find("loss");
  return loss ? value_chart(log, *loss) : Chart();
}

std::string training_warnings_html(const std::vector<std::pair<std::string, std::filesystem::path>>& runs) {
  std::string items;
  for (const auto& [name, folder] : runs) {
    for (const TrainingNote& note : training_notes(folder)) {
      items += fmt::format("<li><b>warning</b>: {}{}</li>\n", name.empty() ? "" : html_text(name) + ", ", html_text(text_of(note)));
    }
  }
  return items.empty() ? "" : "<ul class=\"notes warnings\">\n" + items + "</ul>\n";
}

std::string training_sections(const TrainingLog& log, const std::vector<NamedMetrics>& results, ChartBlock& charts) {
  std::vector<Chart> training = charts_of_group(log, Group::loss);
  for (Chart& chart : evaluation_charts(log, results)) training.push_back(std::move(chart));
  std::string out = charts.section("Training", training);
  out += charts.section("Schedules", charts_of_group(log, Group::schedules));
  out += charts.section("Signs of a collapse", charts_of_group(log, Group::collapse));
  out += charts.section("Gradient and others", charts_of_group(log, Group::others));
  return out + charts.section("Throughput", charts_of_group(log, Group::speed));
}

}  // namespace lafs
