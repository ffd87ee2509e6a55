#include "runner/report/results.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>

#include "formats/atomic_file.h"

namespace lafs {

namespace {

constexpr size_t curve_points = 200;

/// Shares of 1 that everybody quotes in percent.
bool is_share(const Metric& metric) {
  static constexpr std::array<std::string_view, 13> shares{"accuracy", "val@",   "tar",   "tpr", "tpir", "fnir",     "rank",
                                                           "top",      "recall", "error", "eer", "map",  "precision"};
  if (!metric.unit.empty() || !(metric.value >= 0 && metric.value <= 1)) return false;
  // "pixels/accuracy" and "pixel_accuracy" are accuracies too.
  const std::string_view name = metric.name;
  const size_t start = name.find_last_of("/ ") == std::string_view::npos ? 0 : name.find_last_of("/ ") + 1;
  return std::any_of(shares.begin(), shares.end(), [&](std::string_view share) {
    return name.substr(start).starts_with(share) || name.ends_with("_" + std::string(share)) ||
           name.find("_" + std::string(share) + "@") != name.npos;
  });
}

/// Columns on a terminal: bytes that do not continue a UTF-8 character.
size_t columns(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string right(const std::string& text, size_t width) { return std::string(width - std::min(width, columns(text)), ' ') + text; }
std::string left(const std::string& text, size_t width) { return text + std::string(width - std::min(width, columns(text)), ' '); }

/// Number with unit, and spread or nothing.
std::pair<std::string, std::string> number_and_spread(const Metric& m) {
  if (!std::isfinite(m.value)) return {"-", ""};
  const bool spread = std::isfinite(m.standard_error) && m.standard_error > 0;
  if (is_share(m)) return {fmt::format("{:.2f} %", 100 * m.value), spread ? fmt::format("± {:.2f}", 100 * m.standard_error) : ""};
  const std::string unit = m.unit.empty() ? "" : " " + m.unit;
  const int digits = m.unit == "%" ? 2 : 4;
  return {fmt::format("{:.{}f}{}", m.value, digits, unit), spread ? fmt::format("± {:.{}f}", m.standard_error, digits) : ""};
}

nlohmann::json curve_json(const Curve& curve) {
  nlohmann::json x = nlohmann::json::array(), y = nlohmann::json::array();
  const size_t all = std::min(curve.x.size(), curve.y.size()), kept = std::min(all, curve_points);
  for (size_t i = 0; i < kept; ++i) {
    const size_t from = kept == all ? i : i * (all - 1) / (kept - 1);
    x.push_back(curve.x[from]);
    y.push_back(curve.y[from]);
  }
  return {{"name", curve.name}, {"x_name", curve.x_name}, {"y_name", curve.y_name}, {"x", x}, {"y", y}};
}

nlohmann::json metrics_json(const NamedMetrics& named) {
  nlohmann::json values = nlohmann::json::array(), curves = nlohmann::json::array(), lists = nlohmann::json::array();
  for (const Metric& m : named.metrics.values) {
    values.push_back({{"name", m.name}, {"value", m.value}, {"standard_error", m.standard_error}, {"n", m.n}, {"unit", m.unit}});
  }
  for (const Curve& curve : named.metrics.curves) curves.push_back(curve_json(curve));
  for (const RankedList& list : named.metrics.lists) {
    nlohmann::json items = nlohmann::json::array();
    for (const RankedItem& item : list.items) items.push_back({{"what", item.what}, {"score", item.score}});
    lists.push_back({{"name", list.name}, {"items", items}});
  }
  return {{"name", named.name}, {"seconds", named.seconds}, {"values", values},
          {"curves", curves},   {"lists", lists},           {"notes", named.metrics.notes}};
}

}  // namespace

nlohmann::json results_json(const std::vector<NamedMetrics>& results, int64_t step, const std::string& which, const ResultFacts& facts) {
  nlohmann::json out{{"step", step}, {"which", which}, {"evaluators", nlohmann::json::array()}};
  for (const auto& [name, value] : facts) out[name] = value;
  for (const NamedMetrics& named : results) out["evaluators"].push_back(metrics_json(named));
  return out;
}

void write_results(const std::filesystem::path& folder, const std::vector<NamedMetrics>& results, int64_t step, const std::string& which,
                   const ResultFacts& facts) {
  write_atomically(folder / "results.json",
                   results_json(results, step, which, facts).dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

std::string metric_text(const Metric& metric) {
  const auto [number, spread] = number_and_spread(metric);
  return spread.empty() ? number : number + " " + spread;
}

std::string results_table(const std::vector<NamedMetrics>& results) {
  using Row = std::array<std::string, 5>;
  std::vector<Row> rows{{"evaluator", "metric", "value", "", "n"}};
  for (const NamedMetrics& named : results) {
    for (size_t i = 0; i < named.metrics.values.size(); ++i) {
      const Metric& m = named.metrics.values[i];
      const auto [number, spread] = number_and_spread(m);
      rows.push_back({i == 0 ? named.name : "", m.name, number, spread, m.n > 0 ? std::to_string(m.n) : ""});
    }
  }
  std::array<size_t, 5> width{};
  for (const Row& row : rows) {
    for (size_t c = 0; c < 5; ++c) width[c] = std::max(width[c], columns(row[c]));
  }
  std::string rule;
  for (const size_t w : width) {
    for (size_t i = 0; i < w + 2; ++i) rule += "─";
  }
  std::string out;
  for (size_t r = 0; r < rows.size(); ++r) {
    const Row& row = rows[r];
    std::string line = left(row[0], width[0]) + "  " + left(row[1], width[1]) + "  " + right(row[2], width[2]) + "  " +
                       left(row[3], width[3]) + "  " + right(row[4], width[4]);
    line.erase(line.find_last_not_of(' ') + 1);
    if (r == 1) out += rule + "\n";
    out += line + "\n";
  }
  for (const NamedMetrics& named : results) {
    for (const std::string& note : named.metrics.notes) out += fmt::format("{}: {}\n", named.name, note);
  }
  return out;
}

}  // namespace lafs
