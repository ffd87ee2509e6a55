#include "runner/tools/release/verdicts.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kernel/results/results_table.h"

namespace lafs {

namespace {

const Metric* find_metric(const NamedMetrics& result, const std::string& name) {
  const auto& values = result.metrics.values;
  const auto found = std::find_if(values.begin(), values.end(), [&](const Metric& metric) { return metric.full_name() == name; });
  return found == values.end() ? nullptr : &*found;
}

/// Genuine comparisons of the whole set; 0 where they are not known.
int64_t whole_size(const std::string& set) {
  for (const PublishedSet& known : published_sets())
    if (known.name == set) return known.genuine;
  return 0;
}

/// The nearest point of the curve has no interval of its own: that of the rate that is not above it stands for it.
void add_interval(const NamedMetrics& result, RowComparison& comparison) {
  std::string name = comparison.measured.full_name();
  if (!std::isfinite(comparison.measured.low)) {
    constexpr std::string_view nearest = "@nearest_far=";
    const size_t at = name.find(nearest);
    if (at == std::string::npos) return;
    name.replace(at, nearest.size(), "@far=");
    const Metric* other = find_metric(result, name);
    if (!other || !std::isfinite(other->low)) return;
    comparison.measured.low = other->low;
    comparison.measured.high = other->high;
  }
  comparison.interval_of = name;
}

/// Whether what a network measured is compared with a row.
bool belongs(const ReleaseRow& row, const ReleaseNetwork& network) {
  return network.fault.empty() && network.same_as.empty() && may_be_of(row, network.seen);
}

std::optional<RowComparison> compared(const RowValue& value, const ReleaseNetwork& network, const Measurement& measurement) {
  const Metric* metric = measurement.fault.empty() ? find_metric(measurement.result, value.published.metric) : nullptr;
  if (!metric) return std::nullopt;
  RowComparison out{.network = network.plan.name, .input = measurement.input, .measured = *metric};
  add_interval(measurement.result, out);
  const int64_t whole = whole_size(value.set);
  out.verdict = verdict_on(value.published, out.measured, metric->n == whole);
  if (out.verdict == Verdict::cannot_tell)
    out.why = fmt::format("the set has {} genuine comparisons, the published one {}: too few to tell", grouped_number(metric->n),
                          grouped_number(whole));
  return out;
}

ValueOutcome compare_value(const ReleaseRow& row, const RowValue& value, const std::vector<ReleaseNetwork>& networks) {
  ValueOutcome out{.value = value};
  for (const ReleaseNetwork& network : networks) {
    if (!belongs(row, network)) continue;
    for (const Measurement& measurement : network.measurements) {
      const bool colour = measurement.input.colour == value.input.colour || row.any_colour;
      if (measurement.set != value.set || measurement.input.preset != value.input.preset || !colour) continue;
      if (auto comparison = compared(value, network, measurement)) out.comparisons.push_back(std::move(*comparison));
    }
  }
  return out;
}

bool any(const ValueOutcome& value, const std::string& network, Verdict verdict) {
  return std::any_of(value.comparisons.begin(), value.comparisons.end(),
                     [&](const RowComparison& one) { return one.network == network && one.verdict == verdict; });
}

/// Whether a network passes every value of a row that was measured, and one at least.
bool reproduces(const RowOutcome& row, const std::string& network) {
  bool one = false;
  for (const ValueOutcome& value : row.values) {
    const bool measured = std::any_of(value.comparisons.begin(), value.comparisons.end(),
                                      [&](const RowComparison& comparison) { return comparison.network == network; });
    if (measured && !any(value, network, Verdict::pass)) return false;
    one = one || measured;
  }
  return one;
}

/// The title of another row that a network reproduces; empty for none.
std::string reproduced_row(const std::vector<RowOutcome>& rows, const RowOutcome& but, const std::string& network) {
  for (const RowOutcome& row : rows)
    if (&row != &but && reproduces(row, network)) return row.row.title;
  return "";
}

std::string weights_needed(const ReleaseRow& row) {
  return fmt::format("weights with a class matrix of {} rows ({})", grouped_number(row.classes), row.values.front().published.source);
}

std::string set_needed(const std::string& name) {
  for (const PublishedSet& set : published_sets())
    if (set.name == name) return fmt::format("{} ({})", name, set.where);
  return name;
}

/// Why a value was not compared with anything.
std::string needs(const RowOutcome& row, const RowValue& value, const std::vector<ReleaseSet>& sets,
                  const std::vector<ReleaseNetwork>& networks) {
  std::vector<std::string> missing;
  if (row.candidates.empty()) missing.push_back(weights_needed(row.row));
  for (const ReleaseNetwork& network : networks)
    if (row.candidates.empty() && !network.fault.empty() && may_be_of(row.row, network.seen))
      missing.back() = fmt::format("whole weights in place of \"{}\": {}", network.plan.name, network.fault);
  const auto set = std::find_if(sets.begin(), sets.end(), [&](const ReleaseSet& one) { return one.name == value.set; });
  if (set == sets.end()) {
    missing.push_back(set_needed(value.set));
  } else if (!set->fault.empty()) {
    missing.push_back(fmt::format("a whole {}: {}", value.set, set->fault));
  }
  if (missing.empty()) return "the measurement failed, see above";
  return fmt::format("needs {}", fmt::join(missing, "; and "));
}

/// Contracts beside the row's under which a candidate would reproduce the value.
std::string other_contracts(const RowOutcome& row, const RowValue& value, const std::vector<ReleaseNetwork>& networks) {
  std::vector<std::string> fits;
  for (const ReleaseNetwork& network : networks) {
    if (std::find(row.candidates.begin(), row.candidates.end(), network.plan.name) == row.candidates.end()) continue;
    for (const Measurement& measurement : network.measurements) {
      const Metric* metric = measurement.set == value.set ? find_metric(measurement.result, value.published.metric) : nullptr;
      if (metric && value.published.is_reproduced_by(metric->value))
        fits.push_back(fmt::format("\"{}\" with pixels in {} as {}: {}", network.plan.name, scaling_text(measurement.input),
                                   measurement.input.colour, metric_text(*metric)));
    }
  }
  return fits.empty() ? "" : fmt::format("within the tolerance under another contract: {}", fmt::join(fits, "; "));
}

void judge(const std::vector<RowOutcome>& rows, const RowOutcome& row, const std::vector<ReleaseSet>& sets,
           const std::vector<ReleaseNetwork>& networks, ValueOutcome& value) {
  const auto has = [&](Verdict verdict) {
    return std::any_of(value.comparisons.begin(), value.comparisons.end(), [&](const auto& one) { return one.verdict == verdict; });
  };
  if (value.comparisons.empty()) {
    value.verdict = Verdict::not_measured;
    value.why = needs(row, value.value, sets, networks);
    return;
  }
  value.verdict = has(Verdict::pass) ? Verdict::pass : has(Verdict::cannot_tell) ? Verdict::cannot_tell : Verdict::fail;
  if (value.verdict == Verdict::cannot_tell)
    for (const RowComparison& one : value.comparisons)
      if (one.verdict == Verdict::cannot_tell) value.why = one.why;
  if (value.verdict != Verdict::fail) return;
  std::vector<std::string> others;
  for (const std::string& candidate : row.candidates) {
    const std::string title = reproduced_row(rows, row, candidate);
    if (title.empty()) {
      value.why = other_contracts(row, value.value, networks);
      return;
    }
    others.push_back(fmt::format("\"{}\" reproduces row \"{}\"", candidate, title));
  }
  value.verdict = Verdict::not_measured;
  value.why = fmt::format("{}; this row needs other {}", fmt::join(others, ", "), weights_needed(row.row));
}

void find_candidates(const std::vector<ReleaseRow>& rows, const std::vector<ReleaseNetwork>& networks, RowOutcome& out) {
  for (const ReleaseNetwork& network : networks) {
    if (!belongs(out.row, network)) continue;
    const std::string& name = network.plan.name;
    out.candidates.push_back(name);
    std::vector<std::string> others;
    for (const ReleaseRow& row : rows)
      if (row.stem != out.row.stem && belongs(row, network)) others.push_back(fmt::format("\"{}\"", row.title));
    if (others.empty()) continue;
    const auto named = std::find_if(rows.begin(), rows.end(), [&](const ReleaseRow& row) { return row.stem == network.hints.row; });
    out.notes.push_back(fmt::format("\"{}\" may be the file of row {} as well{}", name, fmt::join(others, " or "),
                                    named == rows.end() ? "" : fmt::format("; its name is that of row \"{}\"", named->title)));
  }
  if (out.candidates.size() > 1) out.notes.push_back(fmt::format("{} files may be this row's; each is compared", out.candidates.size()));
}

}  // namespace

bool may_be_of(const ReleaseRow& row, const Recognised& seen) {
  return seen.kind == row.kind && seen.shape == row.shape && (seen.classes == row.classes || seen.classes == 0);
}

std::string verdict_text(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
      return "pass";
    case Verdict::fail:
      return "FAIL";
    case Verdict::cannot_tell:
      return "cannot tell";
    default:
      return "not measured";
  }
}

Verdict verdict_on(const PublishedValue& published, const Metric& measured, bool whole_set) {
  if (!std::isfinite(measured.value)) return Verdict::fail;
  if (whole_set) return published.is_reproduced_by(measured.value) ? Verdict::pass : Verdict::fail;
  if (!std::isfinite(measured.low) || !std::isfinite(measured.high)) return Verdict::cannot_tell;
  if (published.is_reproduced_by(measured.low) && published.is_reproduced_by(measured.high)) return Verdict::pass;
  const bool apart = measured.high < published.value - published.tolerance || measured.low > published.value + published.tolerance;
  return apart ? Verdict::fail : Verdict::cannot_tell;
}

std::vector<RowOutcome> row_outcomes(const std::vector<ReleaseRow>& rows, const std::vector<ReleaseNetwork>& networks,
                                     const std::vector<ReleaseSet>& sets) {
  std::vector<RowOutcome> out;
  for (const ReleaseRow& row : rows) {
    RowOutcome outcome{.row = row};
    find_candidates(rows, networks, outcome);
    for (const RowValue& value : row.values) outcome.values.push_back(compare_value(row, value, networks));
    out.push_back(std::move(outcome));
  }
  for (RowOutcome& row : out)
    for (ValueOutcome& value : row.values) judge(out, row, sets, networks, value);
  return out;
}

}  // namespace lafs
