#include "kernel/results/results_table.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kernel/results/text_width.h"
#include "kernel/results/unit_text.h"

namespace lafs {

namespace {

/// Number with unit, and spread or nothing.
std::pair<std::string, std::string> number_and_spread(const Metric& m) {
  if (!std::isfinite(m.value)) return {"-", ""};
  const bool spread = std::isfinite(m.standard_error) && m.standard_error > 0;
  if (m.unit == Unit::share) return {fmt::format("{:.2f} %", 100 * m.value), spread ? fmt::format("± {:.2f}", 100 * m.standard_error) : ""};
  const std::string unit = m.unit == Unit::none ? "" : " " + std::string(unit_text(m.unit));
  const int digits = shown_digits(m.unit);
  return {fmt::format("{:.{}f}{}", m.value, digits, unit), spread ? fmt::format("± {:.{}f}", m.standard_error, digits) : ""};
}

}  // namespace

std::string metric_text(const Metric& metric) {
  const auto [number, spread] = number_and_spread(metric);
  if (!spread.empty()) return number + " " + spread;
  if (!std::isfinite(metric.value) || !std::isfinite(metric.low) || !std::isfinite(metric.high)) return number;
  const double scale = shown_scale(metric.unit);
  const int digits = shown_digits(metric.unit);
  return fmt::format("{} [{:.{}f}, {:.{}f}]", number, scale * metric.low, digits, scale * metric.high, digits);
}

namespace {

using Cells = std::vector<std::string>;

/// One row a metric, one column a variant: the same metric of the model and of what it is compared with stand side by side.
std::vector<Cells> rows_of(const NamedMetrics& named, const std::vector<std::string>& variants) {
  std::vector<Cells> rows;
  std::vector<std::string> names;
  for (const Metric& m : named.metrics.values) {
    if (!m.headline) continue;
    auto known = std::find(names.begin(), names.end(), m.name);
    if (known == names.end()) {
      Cells row(variants.size() + 3);
      row[0] = rows.empty() ? named.name : "";
      row[1] = m.name;
      row.back() = m.n > 0 ? std::to_string(m.n) : "";
      rows.push_back(std::move(row));
      known = names.insert(names.end(), m.name);
    }
    const auto column = static_cast<size_t>(std::find(variants.begin(), variants.end(), m.variant) - variants.begin());
    rows[static_cast<size_t>(known - names.begin())][2 + column] = metric_text(m);
  }
  return rows;
}

/// A line for each warning, in front of it all evaluators that give it.
std::string warning_lines(const std::vector<NamedMetrics>& results) {
  std::vector<std::pair<std::string, std::vector<std::string>>> warnings;
  for (const NamedMetrics& named : results) {
    for (const std::string& warning : named.metrics.warnings) {
      auto known = std::find_if(warnings.begin(), warnings.end(), [&](const auto& one) { return one.first == warning; });
      if (known == warnings.end()) known = warnings.insert(warnings.end(), {warning, {}});
      known->second.push_back(named.name);
    }
  }
  std::string out;
  for (const auto& [warning, names] : warnings) out += fmt::format("warning: {}: {}\n", fmt::join(names, "; "), warning);
  return out;
}

/// A line for each evaluator whose first value is no better than that of raw pixels under the same protocol.
std::string pixels_lines(const std::vector<NamedMetrics>& results) {
  std::string out;
  for (const NamedMetrics& named : results) {
    const auto& values = named.metrics.values;
    const auto model = std::find_if(values.begin(), values.end(), [](const Metric& m) { return m.variant.empty(); });
    if (model == values.end() || model->better == Better::unknown) continue;
    const auto is_pixels = [&](const Metric& m) { return m.variant == "pixels" && m.name == model->name; };
    const auto pixels = std::find_if(values.begin(), values.end(), is_pixels);
    if (pixels == values.end() || !std::isfinite(model->value) || !std::isfinite(pixels->value)) continue;
    if (model->better == Better::larger ? model->value > pixels->value : model->value < pixels->value) continue;
    out += fmt::format("note: {}: the model is no better than comparing raw pixels ({})\n", named.name, model->name);
  }
  return out;
}

}  // namespace

std::string results_table(const std::vector<NamedMetrics>& results) {
  std::vector<std::string> variants{""};
  for (const NamedMetrics& named : results) {
    for (const Metric& m : named.metrics.values) {
      if (m.headline && std::find(variants.begin(), variants.end(), m.variant) == variants.end()) variants.push_back(m.variant);
    }
  }
  std::vector<Cells> rows{{"evaluator", "metric"}};
  for (const std::string& variant : variants) rows.front().push_back(!variant.empty() ? variant : variants.size() == 1 ? "value" : "model");
  rows.front().push_back("n");
  for (const NamedMetrics& named : results) {
    for (Cells& row : rows_of(named, variants)) rows.push_back(std::move(row));
  }
  std::vector<size_t> width(rows.front().size());
  for (const Cells& row : rows) {
    for (size_t c = 0; c < row.size(); ++c) width[c] = std::max(width[c], text_width(row[c]));
  }
  std::string rule, out;
  for (const size_t w : width) {
    for (size_t i = 0; i < w + (rule.empty() ? 0 : 2); ++i) rule += "─";
  }
  for (size_t r = 0; r < rows.size(); ++r) {
    std::string line;
    for (size_t c = 0; c < width.size(); ++c) {
      if (c > 0) line += "  ";
      line += c + 1 == width.size() ? padded_left(rows[r][c], width[c]) : padded_right(rows[r][c], width[c]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    if (r == 1) out += rule + "\n";
    out += line + "\n";
  }
  return out + pixels_lines(results) + warning_lines(results);
}

}  // namespace lafs
