#include "runner/tools/compare/far_thresholds.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kernel/evaluate/prefixed.h"
#include "runner/tools/compare/scored_results.h"

namespace lafs {

namespace {

/// A number that accepts the same pairs as the threshold: above the next lower score, and no higher than the lowest that is accepted.
std::string printed_threshold(double threshold, const std::vector<double>& scores) {
  double below = -HUGE_VAL;
  for (const double score : scores)
    if (score < threshold) below = std::max(below, score);
  for (int digits = 4; digits <= 17; ++digits) {
    for (const double down : {0.0, 1.0}) {  // to the nearest number, or the one below it
      const std::string text = fmt::format("{:.{}f}", threshold - down * std::pow(10, -digits), digits);
      if (const double printed = std::strtod(text.c_str(), nullptr); printed > below && printed <= threshold) return text;
    }
  }
  return fmt::format("{:.17g}", threshold);
}

}  // namespace

int64_t impostors_for(const std::vector<double>& targets) {
  constexpr double fewest = 3000, most = 990'000, deciding = 100;  // a million scores are kept, of them 3,000 genuine ones
  const double least = targets.empty() ? 1 : *std::min_element(targets.begin(), targets.end());
  return static_cast<int64_t>(std::ceil(least > deciding / most ? std::max(deciding / least, fewest) : most));
}

EvaluatorThresholds thresholds_of(const std::string& evaluator, const Comparisons& comparisons, const std::vector<double>& targets,
                                  const metrics::Resampling& how) {
  const metrics::People people = people_of(comparisons);
  EvaluatorThresholds out{evaluator, targets, {}, {}, comparisons.first_person != comparisons.second_person ? people.count : 0, ""};
  prefixed(fmt::format("evaluator \"{}\"", evaluator), [&] {
    for (const double target : targets) {
      out.thresholds.push_back(metrics::threshold_for_far(comparisons.scores, comparisons.same, people, target, how));
      out.printed.push_back(printed_threshold(out.thresholds.back().threshold, comparisons.scores));
    }
  });
  return out;
}

std::string thresholds_text(const std::vector<EvaluatorThresholds>& all) {
  std::string out;
  for (const auto& [evaluator, targets, thresholds, printed, people, model] : all) {
    out += fmt::format("{}: {} genuine and {} impostor pairs; 95 % intervals from resampled {}\n", evaluator, thresholds.front().genuine,
                       thresholds.front().impostors, people > 0 ? "people" : "pairs");
    if (people > 0 && people < metrics::fewest_people)
      out += fmt::format("  warning: these are only {} people: with fewer than {} the intervals are too narrow\n", people,
                         metrics::fewest_people);
    for (size_t t = 0; t < targets.size(); ++t) {
      const metrics::FarThreshold& of = thresholds[t];
      if (!std::isfinite(of.threshold)) {
        out += fmt::format("  FAR {:g}: no score is strict enough: the most alike pair is an impostor pair\n", targets[t]);
        continue;
      }
      out +=
          fmt::format("  FAR {:g}: accept from a score of {} [{:.4f}, {:.4f}] on; false accepts: {} of {}; TAR {:.2f} % [{:.2f}, {:.2f}]\n",
                      targets[t], printed[t], of.threshold_interval.low, of.threshold_interval.high, of.false_accepts, of.impostors,
                      100 * of.tar, 100 * of.tar_interval.low, 100 * of.tar_interval.high);
      if (const double few = targets[t] * static_cast<double>(of.impostors); few < 10)
        out += fmt::format(
            "  warning: at FAR {:g} only {:g} of the impostor pairs decide, fewer than ten: take more pairs before you rely on it\n",
            targets[t], few);
    }
  }
  return out;
}

nlohmann::json thresholds_json(const std::vector<EvaluatorThresholds>& all) {
  nlohmann::json out = nlohmann::json::array();
  for (const auto& [evaluator, targets, thresholds, printed, people, model] : all) {
    nlohmann::json rows = nlohmann::json::array();
    for (size_t t = 0; t < targets.size(); ++t) {
      const metrics::FarThreshold& of = thresholds[t];
      rows.push_back({{"far", targets[t]},
                      {"threshold", std::isfinite(of.threshold) ? nlohmann::json(std::strtod(printed[t].c_str(), nullptr)) : nullptr},
                      {"interval", {of.threshold_interval.low, of.threshold_interval.high}},
                      {"measured_far", of.far},
                      {"false_accepts", of.false_accepts},
                      {"tar", of.tar},
                      {"tar_interval", {of.tar_interval.low, of.tar_interval.high}}});
    }
    out.push_back({{"evaluator", evaluator},
                   {"model", model},
                   {"genuine", thresholds.front().genuine},
                   {"impostors", thresholds.front().impostors},
                   {"resampled", people > 0 ? "people" : "pairs"},
                   {"people", people},
                   {"thresholds", rows}});
  }
  return out;
}

}  // namespace lafs
