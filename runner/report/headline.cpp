#include "runner/report/headline.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include <fmt/format.h>

#include "kernel/recipe/best_metric.h"
#include "kernel/results/html_text.h"
#include "kernel/results/results_table.h"
#include "kernel/results/unit_text.h"
#include "runner/report/curve_charts.h"

namespace lafs {

namespace {

const Metric* chosen_metric(const NamedMetrics& named, const std::string& name) {
  for (const Metric& metric : named.metrics.values) {
    if (name.empty() ? metric.variant.empty() : metric.full_name() == name) return &metric;
  }
  return nullptr;
}

}  // namespace

std::optional<double> value_by_chance(const Metric& metric, const Metrics& beside) {
  if (metric.name == "balanced_accuracy" || metric.name == "auc" || metric.name == "eer") return 0.5;
  if (metric.name == "accuracy") {
    for (const Metric& other : beside.values)
      if (other.name == "constant_answer") return other.value;
  }
  const std::string rate = "tar@far=";
  if (metric.name.starts_with(rate)) return std::strtod(metric.name.c_str() + rate.size(), nullptr);
  return std::nullopt;
}

std::optional<Headline> headline_of(const std::vector<NamedMetrics>& results, const std::string& best) {
  const BestMetric wanted = best_metric_of(best);
  const NamedMetrics* of = nullptr;
  const Metric* metric = nullptr;
  for (const NamedMetrics& named : results) {
    if (metric || (!wanted.evaluator.empty() && named.name != wanted.evaluator)) continue;
    metric = chosen_metric(named, wanted.metric);
    of = &named;
  }
  if (!metric) return best.empty() ? std::nullopt : headline_of(results, "");
  Headline headline{of->name, *metric, {}, value_by_chance(*metric, of->metrics)};
  for (const Metric& other : of->metrics.values) {
    if (other.name == metric->name && other.variant == "pixels" && metric->variant.empty()) headline.baselines.push_back(other);
  }
  return headline;
}

std::string interval_text(const Metric& metric) {
  double low = metric.low, high = metric.high;
  if ((!std::isfinite(low) || !std::isfinite(high)) && metric.standard_error > 0) {
    low = metric.value - 1.96 * metric.standard_error;
    high = metric.value + 1.96 * metric.standard_error;
    if (metric.unit == Unit::share) low = std::max(low, 0.0), high = std::min(high, 1.0);
  }
  if (!std::isfinite(low) || !std::isfinite(high)) return "";
  const double scale = shown_scale(metric.unit);
  const int digits = shown_digits(metric.unit);
  return fmt::format("95 % interval {:.{}f} to {:.{}f}", scale * low, digits, scale * high, digits);
}

std::string tile_html(const std::string& value, const std::vector<std::string>& lines, bool ours) {
  std::string out = fmt::format("<div class=\"tile{}\"><b>{}</b>", ours ? " ours" : "", html_text(value));
  for (const std::string& line : lines) {
    if (!line.empty()) out += fmt::format("<span>{}</span>", html_text(line));
  }
  return out + "</div>\n";
}

std::string headline_html(const Headline& headline, const std::string& about, const std::string& more) {
  const Metric& metric = headline.metric;
  const auto plain = [&](double value) { return metric_text({.value = value, .unit = metric.unit}); };
  const std::string count = metric.n > 0 ? fmt::format("n = {}", metric.n) : "";
  const std::string error = metric.standard_error > 0 ? metric_text(metric) : "";
  std::string interval = interval_text(metric);
  if (!error.empty()) interval += fmt::format("{}{}", interval.empty() ? "" : ", ", error.substr(error.find("±")) + " standard error");
  if (!count.empty()) interval += (interval.empty() ? "" : ", ") + count;
  std::string out =
      "<div class=\"tiles\">\n" +
      tile_html(plain(metric.value), {fmt::format("{} on {}", metric.full_name(), headline.evaluator), interval, about}, true);
  for (const Metric& baseline : headline.baselines) out += tile_html(plain(baseline.value), {variant_title(baseline.variant)});
  if (headline.by_chance) out += tile_html(plain(*headline.by_chance), {"by guessing"});
  return out + more + "</div>\n";
}

}  // namespace lafs
