#include "kernel/results/results.h"

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
    if (!m.headline) values.back()["headline"] = false;
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

std::vector<NamedMetrics> results_of(const nlohmann::json& results) {
  const auto number = [](const nlohmann::json& value, const char* key) {
    const auto found = value.find(key);
    return found != value.end() && found->is_number() ? found->get<double>() : NAN;
  };
  std::vector<NamedMetrics> out;
  for (const auto& evaluator : results.value("evaluators", nlohmann::json::array())) {
    NamedMetrics& named = out.emplace_back();
    named.name = evaluator.value("name", "");
    named.seconds = evaluator.value("seconds", 0.0);
    for (const auto& value : evaluator.value("values", nlohmann::json::array())) {
      named.metrics.values.push_back({value.value("name", ""), number(value, "value"), number(value, "standard_error"),
                                      value.value("n", int64_t{0}), value.value("unit", ""), value.value("headline", true)});
    }
    named.metrics.notes = evaluator.value("notes", std::vector<std::string>());
  }
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

namespace {

using Row = std::vector<std::string>;

/// "pixels" of "pixels/accuracy"; "" of the model's own.
std::string variant_of(const Metric& metric) {
  const size_t slash = metric.name.find('/');
  return slash == std::string::npos ? "" : metric.name.substr(0, slash);
}

std::string name_of(const Metric& metric) { return metric.name.substr(metric.name.find('/') + 1); }

/// One row a metric, one column a variant: the same metric of the model and of what it is compared with stand side by side.
std::vector<Row> rows_of(const NamedMetrics& named, const std::vector<std::string>& variants) {
  std::vector<Row> rows;
  std::vector<std::string> names;
  for (const Metric& m : named.metrics.values) {
    if (!m.headline) continue;
    auto known = std::find(names.begin(), names.end(), name_of(m));
    if (known == names.end()) {
      Row row(variants.size() + 3);
      row[0] = rows.empty() ? named.name : "";
      row[1] = name_of(m);
      row.back() = m.n > 0 ? std::to_string(m.n) : "";
      rows.push_back(std::move(row));
      known = names.insert(names.end(), name_of(m));
    }
    const auto column = static_cast<size_t>(std::find(variants.begin(), variants.end(), variant_of(m)) - variants.begin());
    rows[static_cast<size_t>(known - names.begin())][2 + column] = metric_text(m);
  }
  return rows;
}

}  // namespace

std::string results_table(const std::vector<NamedMetrics>& results) {
  std::vector<std::string> variants{""};
  for (const NamedMetrics& named : results) {
    for (const Metric& m : named.metrics.values) {
      if (m.headline && std::find(variants.begin(), variants.end(), variant_of(m)) == variants.end()) variants.push_back(variant_of(m));
    }
  }
  std::vector<Row> rows{{"evaluator", "metric"}};
  for (const std::string& variant : variants) rows.front().push_back(!variant.empty() ? variant : variants.size() == 1 ? "value" : "model");
  rows.front().push_back("n");
  for (const NamedMetrics& named : results) {
    for (Row& row : rows_of(named, variants)) rows.push_back(std::move(row));
  }
  std::vector<size_t> width(rows.front().size());
  for (const Row& row : rows) {
    for (size_t c = 0; c < row.size(); ++c) width[c] = std::max(width[c], columns(row[c]));
  }
  std::string rule, out;
  for (const size_t w : width) {
    for (size_t i = 0; i < w + (rule.empty() ? 0 : 2); ++i) rule += "─";
  }
  for (size_t r = 0; r < rows.size(); ++r) {
    std::string line;
    for (size_t c = 0; c < width.size(); ++c) {
      if (c > 0) line += "  ";
      line += c + 1 == width.size() ? right(rows[r][c], width[c]) : left(rows[r][c], width[c]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    if (r == 1) out += rule + "\n";
    out += line + "\n";
  }
  return out;
}

}  // namespace lafs
