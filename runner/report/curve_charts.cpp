#include "runner/report/curve_charts.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

namespace lafs {

namespace {

std::string series_name(const std::vector<NamedMetrics>& evaluators, const NamedMetrics& evaluator, const std::string& variant) {
  if (evaluators.size() > 1) return evaluator.name;
  return variant.empty() ? "model" : variant_title(variant);
}

std::string title_of(const std::vector<NamedMetrics>& evaluators, const std::string& name) {
  return evaluators.size() == 1 && !evaluators.front().name.empty() ? evaluators.front().name + ": " + name : name;
}

std::string capital(std::string name) { return name == "roc" ? "ROC" : name; }

}  // namespace

std::string variant_title(const std::string& variant) {
  if (variant == "pixels") return "pixels alone";
  std::string title = variant;
  std::replace(title.begin(), title.end(), '_', ' ');
  return title;
}

Chart curve_chart(const std::vector<NamedMetrics>& evaluators, const std::string& name) {
  Chart chart{title_of(evaluators, capital(name)), "", "", false, {}};
  for (const NamedMetrics& evaluator : evaluators) {
    for (const Curve& curve : evaluator.metrics.curves) {
      if (curve.name != name || (evaluators.size() > 1 && !curve.variant.empty())) continue;
      const bool rates = curve.x_name == "far";
      chart.x_name = rates ? "false accept rate" : curve.x_name;
      chart.y_name = rates ? "true accept rate" : curve.y_name;
      chart.log_x = rates;
      chart.series.push_back({series_name(evaluators, evaluator, curve.variant), curve.x, curve.y});
    }
  }
  return chart;
}

Chart det_chart(const std::vector<NamedMetrics>& evaluators) {
  Chart chart = curve_chart(evaluators, "roc");
  chart.title = title_of(evaluators, "detection error tradeoff");
  chart.y_name = "false reject rate";
  chart.log_y = true;
  for (Series& series : chart.series)
    for (double& y : series.y) y = 1 - y;
  return chart;
}

Chart histogram_chart(const std::string& evaluator, const Histogram& histogram) {
  Chart chart{fmt::format("{}: scores{}", evaluator, histogram.variant.empty() ? "" : ", " + variant_title(histogram.variant)),
              histogram.x_name,
              "share of the pairs of a kind",
              false,
              {}};
  chart.filled = true;
  for (size_t kind = 0; kind < std::min(histogram.kinds.size(), histogram.counts.size()); ++kind) {
    const std::vector<int64_t>& counts = histogram.counts[kind];
    int64_t all = 0;
    for (const int64_t count : counts) all += count;
    Series series{fmt::format("{} ({})", histogram.kinds[kind], all), {}, {}};
    const double width = (histogram.high - histogram.low) / static_cast<double>(std::max<size_t>(counts.size(), 1));
    for (size_t bin = 0; bin < counts.size() && all > 0; ++bin) {
      const double left = histogram.low + static_cast<double>(bin) * width,
                   share = static_cast<double>(counts[bin]) / static_cast<double>(all);
      series.x.insert(series.x.end(), {left, left + width});
      series.y.insert(series.y.end(), {share, share});
    }
    chart.series.push_back(std::move(series));
  }
  return chart;
}

std::vector<Chart> curve_charts(const std::vector<NamedMetrics>& evaluators) {
  std::vector<Chart> charts;
  const auto has_roc = [](const NamedMetrics& evaluator) {
    return std::any_of(evaluator.metrics.curves.begin(), evaluator.metrics.curves.end(),
                       [](const Curve& curve) { return curve.name == "roc" && curve.variant.empty(); });
  };
  const bool together = std::count_if(evaluators.begin(), evaluators.end(), has_roc) > 1;
  if (together) {
    charts.push_back(curve_chart(evaluators, "roc"));
    charts.push_back(det_chart(evaluators));
  }
  for (const NamedMetrics& evaluator : evaluators) {
    std::set<std::string> names;
    for (const Curve& curve : evaluator.metrics.curves) names.insert(curve.name);
    for (const std::string& name : names) charts.push_back(curve_chart({evaluator}, name));
    if (has_roc(evaluator) && !together) charts.push_back(det_chart({evaluator}));
    for (const Histogram& histogram : evaluator.metrics.histograms) charts.push_back(histogram_chart(evaluator.name, histogram));
  }
  return charts;
}

}  // namespace lafs
