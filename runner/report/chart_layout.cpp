#include "runner/report/chart_layout.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace lafs {

namespace {

constexpr size_t most_series = 8, most_points = 400;

/// A span of round numbers that holds the data, with about `wanted` ticks.
ChartAxis linear_axis(double low, double high, int wanted) {
  if (high - low < 1e-12 * std::max(1.0, std::abs(high))) {
    const double pad = std::max(std::abs(high) * 0.1, 1e-3);
    low -= pad;
    high += pad;
  }
  const double raw = (high - low) / wanted, power = std::pow(10.0, std::floor(std::log10(raw)));
  const double step = (raw / power <= 1 ? 1 : raw / power <= 2 ? 2 : raw / power <= 5 ? 5 : 10) * power;
  ChartAxis out{std::floor(low / step) * step, std::ceil(high / step) * step, {}, false};
  for (int i = 0; out.low + i * step <= out.high + step * 0.5; ++i) out.ticks.push_back(out.low + i * step);
  return out;
}

/// In powers of ten: the positions are logarithms.
ChartAxis log_axis(double low, double high) {
  ChartAxis out{std::floor(low), std::max(std::ceil(high), std::floor(low) + 1), {}, true};
  for (double t = out.low; t <= out.high; t += 1) out.ticks.push_back(t);
  return out;
}

std::vector<std::pair<double, double>> points_of(const Series& series, bool log_x, bool log_y) {
  std::vector<std::pair<double, double>> all, out;
  for (size_t i = 0; i < std::min(series.x.size(), series.y.size()); ++i) {
    const double x = log_x ? std::log10(series.x[i]) : series.x[i];
    const double y = log_y ? std::log10(series.y[i]) : series.y[i];
    if (std::isfinite(x) && std::isfinite(y)) all.emplace_back(x, y);
  }
  if (all.size() <= most_points) return all;
  for (size_t i = 0; i < most_points; ++i) out.push_back(all[i * (all.size() - 1) / (most_points - 1)]);
  return out;
}

}  // namespace

std::string ChartAxis::tick_text(double tick) const {
  if (powers) return tick <= 0 && tick > -3 ? fmt::format("{:g}", std::pow(10, tick)) : fmt::format("1e{:g}", tick);
  const double clean = std::abs(tick) < 1e-12 ? 0 : tick;
  return std::abs(clean) >= 10000 ? fmt::format("{:g}k", clean / 1000) : fmt::format("{:.6g}", clean);
}

std::optional<ChartLayout> layout_of(const Chart& chart) {
  ChartLayout out;
  double x_low = INFINITY, x_high = -INFINITY, y_low = INFINITY, y_high = -INFINITY;
  for (const Series& series : chart.series) {
    auto points = points_of(series, chart.log_x, chart.log_y);
    if (points.empty() || out.lines.size() == most_series) continue;
    for (const auto& [x, y] : points) {
      x_low = std::min(x_low, x), x_high = std::max(x_high, x);
      y_low = std::min(y_low, y), y_high = std::max(y_high, y);
    }
    out.lines.push_back(std::move(points));
    out.names.push_back(series.name);
  }
  if (out.lines.empty()) return std::nullopt;
  out.x = chart.log_x ? log_axis(x_low, x_high) : linear_axis(x_low, x_high, 6);
  out.y = chart.log_y ? log_axis(y_low, y_high) : linear_axis(y_low, y_high, 5);
  return out;
}

}  // namespace lafs
