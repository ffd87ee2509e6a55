#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "kernel/results/measured_pairs.h"
#include "kernel/results/results_table.h"
#include "kernel/results/text_width.h"
#include "runner/tools/compare/compare.h"

namespace lafs {

namespace {

const Difference* find_difference(const std::vector<Difference>& all, const std::string& evaluator, const std::string& metric,
                                  size_t model) {
  for (const Difference& one : all)
    if (one.evaluator == evaluator && one.metric == metric && one.model == model) return &one;
  return nullptr;
}

std::string lined_up(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> width;
  for (const auto& row : rows) {
    width.resize(std::max(width.size(), row.size()), 0);
    for (size_t c = 0; c < row.size(); ++c) width[c] = std::max(width[c], text_width(row[c]));
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (size_t c = 0; c < row.size(); ++c) line += padded_right(row[c], width[c] + 2);
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

std::string difference_text(const ScoredResults& model, const Metric& metric, const Difference& of) {
  const bool share = metric.unit == Unit::share;
  const double scale = share ? 100 : 1;
  const int digits = share ? 2 : 4;
  const std::string change = fmt::format("{}{}: {} {}: {:+.{}f}{}", of.real ? "* " : "  ", of.evaluator, model.name, of.metric,
                                         scale * of.difference, digits, share ? " points" : "");
  if (of.judged == Judged::incomparable) return change + ", measured on different pairs\n";
  if (of.too_few_people > 0) return fmt::format("{}, measured on {} people: too few to be judged\n", change, of.too_few_people);
  return fmt::format("{} [{:+.{}f}, {:+.{}f}]{}, {}\n", change, scale * of.interval.low, digits, scale * of.interval.high, digits,
                     of.p ? fmt::format(", p = {:.2g}", *of.p) : "",
                     of.judged == Judged::paired ? "on the same pairs" : "results taken for independent");
}

/// Why p and the interval of an accuracy may disagree.
std::string p_note(const std::vector<Difference>& differences) {
  if (std::none_of(differences.begin(), differences.end(), [](const Difference& of) { return of.p.has_value(); })) return "";
  return "p takes every pair for independent, the interval does not: pairs share people. What is marked as real is so by both\n";
}

/// The first model before this one that was measured on other test data; null where there is none.
const ScoredResults* measured_otherwise(const std::vector<ScoredResults>& models, size_t model) {
  const auto end = models.begin() + static_cast<std::ptrdiff_t>(model);
  const auto found = std::find_if(models.begin(), end, [&](const auto& one) { return saw_other_data(one.results, models[model].results); });
  return found == end ? nullptr : &*found;
}

std::string other_data_lines(const std::vector<ScoredResults>& models) {
  std::string out;
  for (size_t m = 1; m < models.size(); ++m) {
    if (const ScoredResults* other = measured_otherwise(models, m))
      out += fmt::format("warning: {}\n", other_data_warning(other->name, models[m].name));
  }
  return out;
}

}  // namespace

std::string comparison_text(const std::vector<ScoredResults>& models, const std::vector<Difference>& differences) {
  std::vector<std::vector<std::string>> rows{{"evaluator", "metric"}};
  for (const ScoredResults& model : models) rows.front().push_back(model.name);
  std::string details;
  for (const NamedMetrics& named : models.front().results) {
    for (const Metric& metric : named.metrics.values) {
      if (!metric.headline || !metric.variant.empty()) continue;
      rows.push_back({named.name, metric.name, metric_text(metric)});
      for (size_t m = 1; m < models.size(); ++m) {
        const Metric* theirs = models[m].find(named.name, metric.name);
        const Difference* of = find_difference(differences, named.name, metric.name, m);
        rows.back().push_back(theirs ? metric_text(*theirs) + (of && of->real ? " *" : "") : "-");
        if (of) details += difference_text(models[m], metric, *of);
      }
    }
  }
  const bool lacking = std::any_of(differences.begin(), differences.end(), [](const Difference& of) { return of.lacks_scores; });
  return lined_up(rows) + fmt::format("\ndifferences from {}, with 95 % intervals; * marks those that are real\n", models.front().name) +
         details + p_note(differences) +
         (lacking ? "independent results hide small differences: scores of the same pairs, which lafs run and lafs eval --out keep, show "
                    "them\n"
                  : "") +
         other_data_lines(models);
}

nlohmann::json comparison_json(const std::vector<ScoredResults>& models, const std::vector<Difference>& differences) {
  nlohmann::json out{{"models", nlohmann::json::array()}, {"differences", nlohmann::json::array()}};
  for (const ScoredResults& model : models) out["models"].push_back(model.name);
  for (size_t m = 1; m < models.size(); ++m)
    if (measured_otherwise(models, m)) out["other_data"].push_back(models[m].name);
  for (const Difference& of : differences) {
    out["differences"].push_back({{"evaluator", of.evaluator},
                                  {"metric", of.metric},
                                  {"model", models[of.model].name},
                                  {"difference", of.difference},
                                  {"interval", {of.interval.low, of.interval.high}},
                                  {"paired", of.judged == Judged::paired},
                                  {"different_pairs", of.judged == Judged::incomparable},
                                  {"real", of.real}});
    if (of.too_few_people > 0) out["differences"].back()["too_few_people"] = of.too_few_people;
    if (of.p) out["differences"].back()["p"] = *of.p;
  }
  return out;
}

}  // namespace lafs
