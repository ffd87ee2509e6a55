#include "kernel/results/results_json.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kernel/results/json_text.h"
#include "kernel/results/scores_file.h"
#include "kernel/results/unit_text.h"
#include "lafs/error.h"

namespace lafs {

namespace {

constexpr size_t curve_points = 200;

nlohmann::json curve_json(const Curve& curve) {
  nlohmann::json x = nlohmann::json::array(), y = nlohmann::json::array();
  const size_t all = std::min(curve.x.size(), curve.y.size()), kept = std::min(all, curve_points);
  for (size_t i = 0; i < kept; ++i) {
    const size_t from = kept == all ? i : i * (all - 1) / (kept - 1);
    x.push_back(curve.x[from]);
    y.push_back(curve.y[from]);
  }
  return {{"name", curve.full_name()}, {"variant", curve.variant}, {"x_name", curve.x_name}, {"y_name", curve.y_name}, {"x", x}, {"y", y}};
}

nlohmann::json histogram_json(const Histogram& histogram) {
  return {{"name", histogram.full_name()}, {"variant", histogram.variant}, {"x_name", histogram.x_name}, {"low", histogram.low},
          {"high", histogram.high},        {"kinds", histogram.kinds},     {"counts", histogram.counts}};
}

nlohmann::json metrics_json(const NamedMetrics& named) {
  nlohmann::json values = nlohmann::json::array(), curves = nlohmann::json::array(), lists = nlohmann::json::array();
  for (const Metric& m : named.metrics.values) {
    values.push_back({{"name", m.full_name()},
                      {"variant", m.variant},
                      {"value", m.value},
                      {"standard_error", m.standard_error},
                      {"n", m.n},
                      {"unit", unit_text(m.unit)}});
    if (m.better != Better::unknown) values.back()["better"] = better_text(m.better);
    if (!m.headline) values.back()["headline"] = false;
    if (std::isfinite(m.low) && std::isfinite(m.high)) values.back()["interval"] = {m.low, m.high};
  }
  for (const Curve& curve : named.metrics.curves) curves.push_back(curve_json(curve));
  for (const RankedList& list : named.metrics.lists) {
    nlohmann::json items = nlohmann::json::array();
    for (const RankedItem& item : list.items) {
      items.push_back({{"what", item.what}, {"score", item.score}});
      if (!item.pictures.empty()) items.back()["pictures"] = item.pictures;
    }
    lists.push_back({{"name", list.name}, {"items", items}});
  }
  nlohmann::json out{{"name", named.name}, {"seconds", named.seconds}, {"values", values},
                     {"curves", curves},   {"lists", lists},           {"notes", named.metrics.notes}};
  if (!named.metrics.comparisons.pairs.empty()) out["pairs"] = named.metrics.comparisons.pairs;
  if (!named.metrics.warnings.empty()) out["warnings"] = named.metrics.warnings;
  for (const Histogram& histogram : named.metrics.histograms) out["histograms"].push_back(histogram_json(histogram));
  return out;
}

double number_or_nan(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>() : NAN;
}

std::string text_or_empty(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

/// Variant, and name without it. Results written before variants had a field of their own carry them in the name alone.
std::pair<std::string, std::string> variant_and_name(const nlohmann::json& object) {
  const std::string full = text_or_empty(object, "name");
  const size_t slash = full.find('/');
  if (slash == std::string::npos) return {"", full};
  const std::string variant = object.contains("variant") ? text_or_empty(object, "variant") : full.substr(0, slash);
  return {variant, variant.empty() ? full : full.substr(variant.size() + 1)};
}

/// Results of before units had names of their own: a share was known by its name.
Unit old_unit(const std::string& name, const std::string& unit, double value) {
  static constexpr std::string_view shares[] = {"accuracy", "val@",   "tar",   "tpr", "tpir", "fnir",     "rank",
                                                "top",      "recall", "error", "eer", "map",  "precision"};
  if (!unit.empty() || !(value >= 0 && value <= 1)) return unit_named(unit);
  const bool share = std::any_of(std::begin(shares), std::end(shares), [&](std::string_view word) {
    return name.starts_with(word) || name.ends_with("_" + std::string(word)) || name.find("_" + std::string(word) + "@") != name.npos;
  });
  return share ? Unit::share : Unit::none;
}

/// The list under a key; none where there is nothing.
nlohmann::json list_of(const nlohmann::json& object, const char* key) {
  if (!object.is_object()) throw Error(fmt::format("an entry is of type {}, not an object", object.type_name()));
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return nlohmann::json::array();
  if (!found->is_array()) throw Error(fmt::format("\"{}\" is not a list", key));
  return *found;
}

std::vector<double> numbers_of(const nlohmann::json& list) {
  std::vector<double> numbers;
  for (const auto& value : list) numbers.push_back(value.is_number() ? value.get<double>() : NAN);
  return numbers;
}

std::vector<std::string> texts_of(const nlohmann::json& list) {
  std::vector<std::string> texts;
  for (const auto& text : list)
    if (text.is_string()) texts.push_back(text.get<std::string>());
  return texts;
}

Metric metric_of(const nlohmann::json& value) {
  const auto [variant, name] = variant_and_name(value);
  const auto n = value.find("n");
  const double number = number_or_nan(value, "value");
  const std::string unit = text_or_empty(value, "unit");
  const std::vector<double> interval = numbers_of(list_of(value, "interval"));
  const auto headline = value.find("headline");
  return {.name = name,
          .variant = variant,
          .value = number,
          .standard_error = number_or_nan(value, "standard_error"),
          .n = n != value.end() && n->is_number_integer() ? n->get<int64_t>() : 0,
          .unit = value.contains("variant") ? unit_named(unit) : old_unit(name, unit, number),
          .better = better_named(text_or_empty(value, "better")),
          .headline = headline == value.end() || !headline->is_boolean() || headline->get<bool>(),
          .low = interval.size() == 2 ? interval[0] : NAN,
          .high = interval.size() == 2 ? interval[1] : NAN};
}

Histogram histogram_of(const nlohmann::json& json) {
  const auto [variant, name] = variant_and_name(json);
  Histogram out{name,
                variant,
                text_or_empty(json, "x_name"),
                number_or_nan(json, "low"),
                number_or_nan(json, "high"),
                texts_of(list_of(json, "kinds")),
                {}};
  for (const auto& kind : list_of(json, "counts")) {
    out.counts.emplace_back();
    for (const auto& count : kind) out.counts.back().push_back(count.is_number_integer() ? count.get<int64_t>() : 0);
  }
  return out;
}

Metrics metrics_of(const nlohmann::json& evaluator) {
  Metrics metrics;
  for (const auto& value : list_of(evaluator, "values")) metrics.values.push_back(metric_of(value));
  for (const auto& curve : list_of(evaluator, "curves")) {
    const auto [variant, name] = variant_and_name(curve);
    metrics.curves.push_back({name, variant, text_or_empty(curve, "x_name"), text_or_empty(curve, "y_name"),
                              numbers_of(list_of(curve, "x")), numbers_of(list_of(curve, "y"))});
  }
  for (const auto& ranked : list_of(evaluator, "lists")) {
    metrics.lists.push_back({text_or_empty(ranked, "name"), {}});
    for (const auto& item : list_of(ranked, "items"))
      metrics.lists.back().items.push_back(
          {text_or_empty(item, "what"), number_or_nan(item, "score"), texts_of(list_of(item, "pictures"))});
  }
  metrics.notes = texts_of(list_of(evaluator, "notes"));
  metrics.warnings = texts_of(list_of(evaluator, "warnings"));
  for (const auto& histogram : list_of(evaluator, "histograms")) metrics.histograms.push_back(histogram_of(histogram));
  metrics.comparisons.pairs = text_or_empty(evaluator, "pairs");
  return metrics;
}

}  // namespace

nlohmann::json results_json(const std::vector<NamedMetrics>& results, int64_t step, const std::string& which, const ResultFacts& facts) {
  nlohmann::json out{{"step", step}, {"which", which}, {"evaluators", nlohmann::json::array()}};
  for (const auto& [name, value] : facts) out[name] = value;
  for (const NamedMetrics& named : results) out["evaluators"].push_back(metrics_json(named));
  return out;
}

std::vector<NamedMetrics> results_of(const nlohmann::json& results) {
  std::vector<NamedMetrics> out;
  for (const auto& evaluator : list_of(results, "evaluators")) {
    const double seconds = number_or_nan(evaluator, "seconds");
    out.push_back({text_or_empty(evaluator, "name"), metrics_of(evaluator), std::isfinite(seconds) ? seconds : 0,
                   text_or_empty(results, "evaluation_data")});
  }
  return out;
}

void write_results(const std::filesystem::path& folder, const std::vector<NamedMetrics>& results, int64_t step, const std::string& which,
                   const ResultFacts& facts) {
  write_scores(folder / "scores", results);
  rewrite_results(folder, results_json(results, step, which, facts));
}

void rewrite_results(const std::filesystem::path& folder, const nlohmann::json& results) { write_json(folder / "results.json", results); }

}  // namespace lafs
