#include "runner/tools/compare/compare.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "kernel/results/scores_file.h"
#include "metrics/paired_test.h"

namespace lafs {

namespace {

/// The rate of "tar@far=0.001".
std::optional<double> rate_of(const std::string& metric) {
  constexpr std::string_view start = "tar@far=";
  double rate = 0;
  if (!metric.starts_with(start)) return std::nullopt;
  const auto [end, error] = std::from_chars(metric.data() + start.size(), metric.data() + metric.size(), rate);
  return error == std::errc() && end == metric.data() + metric.size() ? std::optional(rate) : std::nullopt;
}

double spread_of(const Metric& metric) {
  if (std::isfinite(metric.standard_error) && metric.standard_error > 0) return metric.standard_error;
  return (metric.high - metric.low) / (2 * 1.96);  // NaN where neither is known
}

/// From the spread of each result alone.
void judge_alone(const Metric& first, const Metric& other, Difference& out) {
  const double spread = std::hypot(spread_of(first), spread_of(other));
  out.interval = {out.difference - 1.96 * spread, out.difference + 1.96 * spread, spread};
  out.real = out.interval.low > 0 || out.interval.high < 0;
}

/// From the scores of the same pairs, the same people resampled for both. False for a metric that is not made of them.
bool judge_paired(const Comparisons& first, const Comparisons& other, const metrics::Resampling& how, Difference& out) {
  const metrics::People people = people_of(first);
  if (out.metric == "accuracy") {
    const auto test = metrics::paired_difference(other.correct, first.correct, people, how);
    out.p = test.p;
    out.interval = test.interval;
    out.real = test.is_real();
    return true;
  }
  const auto rate = rate_of(out.metric);
  if (!rate) return false;
  const std::vector<double> rates{*rate};
  std::vector<double> change = metrics::resampled_rates(other.scores, other.same, people, rates, how)[0].tar;
  const auto before = metrics::resampled_rates(first.scores, first.same, people, rates, how)[0].tar;
  for (size_t s = 0; s < change.size(); ++s) change[s] -= before[s];
  out.interval = metrics::interval_of(std::move(change));
  out.real = out.interval.low > 0 || out.interval.high < 0;
  return true;
}

}  // namespace

std::vector<Difference> differences_of(const std::vector<ScoredResults>& models, const metrics::Resampling& how) {
  std::vector<Difference> all;
  for (const NamedMetrics& named : models.front().results) {
    const auto first = scores_in(models.front().scores, named.name);
    for (size_t m = 1; m < models.size(); ++m) {
      const auto other = scores_in(models[m].scores, named.name);
      const bool same_pairs = first && other && !first->pairs.empty() && first->pairs == other->pairs;
      for (const Metric& metric : named.metrics.values) {
        if (!metric.headline || !metric.variant.empty()) continue;
        const Metric* theirs = models[m].find(named.name, metric.name);
        if (!theirs) continue;
        Difference out{named.name, metric.name, m, theirs->value - metric.value, {}, {}, false, false};
        out.paired = same_pairs && judge_paired(*first, *other, how, out);
        if (!out.paired) judge_alone(metric, *theirs, out);
        if (std::isfinite(out.interval.low)) all.push_back(std::move(out));
      }
    }
  }
  return all;
}

}  // namespace lafs
