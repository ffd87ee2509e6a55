#include "runner/report/chart_block.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kernel/results/html_text.h"

namespace lafs {

namespace {

constexpr size_t most_series_of_page = 24;

/// A number as JSON writes it with few digits; null where it is not finite.
nlohmann::json short_number(double value, int digits) {
  return std::isfinite(value) ? nlohmann::json(std::strtod(fmt::format("{:.{}g}", value, digits).c_str(), nullptr)) : nlohmann::json();
}

nlohmann::json numbers(const std::vector<double>& values, const std::vector<size_t>& kept, int digits) {
  nlohmann::json out = nlohmann::json::array();
  for (const size_t i : kept) out.push_back(short_number(values[i], digits));
  return out;
}

/// Null where nothing is left to draw.
nlohmann::json series_json(const Series& series, const Chart& chart) {
  std::vector<size_t> kept;
  const bool dots = !chart.labels.empty();
  for (size_t i = 0; i < (dots ? chart.labels.size() : std::min(series.x.size(), series.y.size())); ++i) {
    const bool drawn = dots || (std::isfinite(series.x[i]) && std::isfinite(series.y[i]) && (!chart.log_x || series.x[i] > 0) &&
                                (!chart.log_y || series.y[i] > 0));
    if (drawn) kept.push_back(i);
  }
  const bool any = std::any_of(kept.begin(), kept.end(), [&](size_t i) { return std::isfinite(series.y[i]); });
  if (!any) return {};
  nlohmann::json out{{"name", series.name}, {"y", numbers(series.y, kept, 6)}};
  if (!dots) out["x"] = numbers(series.x, kept, 9);
  if (series.reference) out["reference"] = true;
  if (!series.low.empty()) {
    out["low"] = numbers(series.low, kept, 6);
    out["high"] = numbers(series.high, kept, 6);
  }
  return out;
}

}  // namespace

std::string chart_json(const Chart& chart) {
  nlohmann::json all = nlohmann::json::array();
  for (const Series& series : chart.series) {
    nlohmann::json json = series_json(series, chart);
    if (!json.is_null() && all.size() < most_series_of_page) all.push_back(std::move(json));
  }
  if (all.empty()) return "null";
  nlohmann::json out{{"title", chart.title}, {"x", chart.x_name}, {"y", chart.y_name}, {"series", std::move(all)}};
  if (chart.log_x) out["log_x"] = true;
  if (chart.log_y) out["log_y"] = true;
  if (chart.filled) out["filled"] = true;
  if (!chart.labels.empty()) out["labels"] = chart.labels;
  return out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string ChartBlock::place(const Chart& chart) {
  std::string json = chart_json(chart);
  if (json == "null") return "";
  charts_.push_back(std::move(json));
  const std::string about = chart.about.empty() ? "" : fmt::format("<p class=\"about\">{}</p>", html_text(chart.about));
  return fmt::format("<figure><figcaption>{}{}</figcaption><div class=\"plot\"><canvas id=\"chart-{}\"></canvas></div></figure>\n",
                     html_text(chart.title), about, charts_.size() - 1);
}

std::string ChartBlock::section(const std::string& heading, const std::vector<Chart>& charts) {
  std::string places;
  for (const Chart& chart : charts) places += place(chart);
  return places.empty() ? "" : fmt::format("<h2>{}</h2>\n<div class=\"charts\">\n{}</div>\n", html_text(heading), places);
}

std::string ChartBlock::json() const {
  std::string all = "[";
  for (const std::string& chart : charts_) all += (all.size() > 1 ? ",\n" : "\n") + chart;
  std::string safe;
  for (const char c : all + "\n]") safe += c == '<' ? std::string("\\u003c") : std::string{c};
  return safe;
}

Series thinned(const Series& series, size_t most) {
  std::vector<size_t> finite;
  for (size_t i = 0; i < std::min(series.x.size(), series.y.size()); ++i) {
    if (std::isfinite(series.x[i]) && std::isfinite(series.y[i])) finite.push_back(i);
  }
  if (finite.size() <= most) return series;
  Series out{series.name, {}, {}, {}, {}, series.reference};
  for (size_t bucket = 0; bucket < most; ++bucket) {
    const size_t first = bucket * finite.size() / most, end = (bucket + 1) * finite.size() / most;
    double sum = 0, low = INFINITY, high = -INFINITY;
    for (size_t i = first; i < end; ++i) {
      const double y = series.y[finite[i]];
      sum += y;
      low = std::min(low, y);
      high = std::max(high, y);
    }
    out.x.push_back(series.x[finite[(first + end) / 2]]);
    out.y.push_back(sum / static_cast<double>(end - first));
    out.low.push_back(low);
    out.high.push_back(high);
  }
  return out;
}

}  // namespace lafs
