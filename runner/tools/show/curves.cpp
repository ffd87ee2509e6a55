#include "runner/tools/show/curves.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "lafs/error.h"
#include "lafs/suggestion.h"
#include "runner/report/curve_charts.h"
#include "runner/tools/compare/scored_results.h"
#include "runner/tools/show/chart_sheet.h"
#include "runner/tools/show/pictures.h"

namespace lafs {

namespace {

/// The results of one evaluator, each named after its model where there are several.
std::vector<NamedMetrics> of_evaluator(const std::vector<ScoredResults>& models, const std::string& evaluator) {
  std::vector<NamedMetrics> all;
  for (const ScoredResults& model : models)
    for (NamedMetrics named : model.results) {
      if (named.name != evaluator) continue;
      if (models.size() > 1) named.name = model.name;
      all.push_back(std::move(named));
    }
  return all;
}

/// Charts of several models are named after these, so the evaluator is put before the title.
Chart titled(Chart chart, const std::string& evaluator, const std::vector<ScoredResults>& models) {
  if (models.size() > 1) chart.title = evaluator + ": " + chart.title;
  return chart;
}

std::vector<std::string> evaluators_of(const std::vector<ScoredResults>& models, const std::string& wanted) {
  std::vector<std::string> names;
  for (const ScoredResults& model : models)
    for (const NamedMetrics& named : model.results)
      if (std::find(names.begin(), names.end(), named.name) == names.end()) names.push_back(named.name);
  if (wanted.empty()) return names;
  if (std::find(names.begin(), names.end(), wanted) == names.end())
    throw Error(fmt::format("no evaluator \"{}\"{}", wanted, suggestion(wanted, names)));
  return {wanted};
}

}  // namespace

std::vector<Chart> charts_of(const std::vector<ScoredResults>& models, const std::string& only) {
  std::vector<Chart> charts;
  for (const std::string& evaluator : evaluators_of(models, only)) {
    const std::vector<NamedMetrics> all = of_evaluator(models, evaluator);
    charts.push_back(titled(curve_chart(all, "roc"), evaluator, models));
    charts.push_back(titled(det_chart(all), evaluator, models));
    for (const NamedMetrics& named : all)
      for (const Histogram& histogram : named.metrics.histograms)
        charts.push_back(titled(histogram_chart(named.name, histogram), evaluator, models));
  }
  return charts;
}

void show_curves(const ShowCurves& show) {
  require_free(show.out, show.force);
  make_folder_of(show.out);
  const std::vector<ScoredResults> models = read_scored_results(show.models);
  std::string names;
  for (const ScoredResults& model : models) names += (names.empty() ? "" : ", ") + model.name;
  write_sheet(show.out, chart_sheet("Curves", names, charts_of(models, show.evaluator)), show.force);
}

}  // namespace lafs
