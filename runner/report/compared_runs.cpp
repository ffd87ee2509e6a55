#include "runner/report/compared_runs.h"

#include <algorithm>

#include "kernel/results/results_json.h"
#include "runner/report/curve_charts.h"
#include "runner/report/run_files.h"
#include "runner/report/training_section.h"

namespace lafs {

namespace {

/// Adds a run's curve to the chart of that title, which begins with the first.
void add_curve(std::vector<Chart>& charts, const Chart& chart, const Series& curve, const std::string& run) {
  auto known = std::find_if(charts.begin(), charts.end(), [&](const Chart& one) { return one.title == chart.title; });
  if (known == charts.end()) {
    known = charts.insert(charts.end(), chart);
    known->series.clear();
  }
  known->series.push_back(curve);
  known->series.back().name = run;
}

/// Results of all runs by evaluator, each under the name of its run.
std::vector<std::pair<std::string, std::vector<NamedMetrics>>> results_by_evaluator(
    const std::vector<std::pair<std::string, std::filesystem::path>>& runs) {
  std::vector<std::pair<std::string, std::vector<NamedMetrics>>> all;
  for (const auto& [run, folder] : runs) {
    const auto results = json_object_in(folder / "results.json");
    for (NamedMetrics& named : results ? results_of(*results) : std::vector<NamedMetrics>()) {
      auto known = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.first == named.name; });
      if (known == all.end()) known = all.insert(all.end(), {named.name, {}});
      named.name = run;
      known->second.push_back(std::move(named));
    }
  }
  return all;
}

}  // namespace

std::vector<Chart> compared_charts(const std::vector<std::pair<std::string, std::filesystem::path>>& runs) {
  std::vector<Chart> charts;
  for (const auto& [run, folder] : runs) {
    const TrainingLog log = read_training_log(folder / "metrics.jsonl");
    for (const Series& series : log.values) {
      if (series.name.find('/') == std::string::npos && series.name != "ln_prototypes")
        add_curve(charts, value_chart(log, series), thinned(series, most_line_points), run);
    }
    for (const EvaluationLog& evaluation : log.evaluations) {
      for (const Series& series : evaluation.metrics) {
        if (series.name.find_first_of("/@_") != std::string::npos || series.x.size() < 2) continue;
        add_curve(charts, {evaluation.evaluator + ": " + series.name, "optimizer step", "", false, {}}, series, run);
      }
    }
  }
  for (auto& [evaluator, results] : results_by_evaluator(runs)) {
    for (NamedMetrics& one : results) std::erase_if(one.metrics.curves, [](const Curve& curve) { return !curve.variant.empty(); });
    Chart roc = curve_chart(results, "roc");
    roc.title = evaluator + ": ROC";
    for (size_t i = 0; i < roc.series.size() && results.size() == 1; ++i) roc.series[i].name = results.front().name;
    charts.push_back(std::move(roc));
  }
  const auto rank = [](const Chart& chart) { return chart.title == "Loss" ? 0 : chart.title.find(": ") != std::string::npos ? 1 : 2; };
  std::stable_sort(charts.begin(), charts.end(), [&](const Chart& a, const Chart& b) { return rank(a) < rank(b); });
  return charts;
}

}  // namespace lafs
