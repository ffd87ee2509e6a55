#include "kernel/results/averaged_study.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lafs/error.h"
#include "lafs/suggestion.h"

namespace lafs {

namespace {

using Lines = std::vector<const StudyLine*>;
using Stages = std::vector<std::pair<std::string, std::vector<NamedMetrics>>>;

size_t axis_number(const std::string& axis, const Study& study) {
  const auto found = std::find(study.label_names.begin(), study.label_names.end(), axis);
  if (found == study.label_names.end()) throw Error(fmt::format("no axis \"{}\"{}", axis, suggestion(axis, study.label_names)));
  if (study.label_names.size() == 1) throw Error(fmt::format("\"{}\" is the only axis: its mean has nothing to be compared with", axis));
  return static_cast<size_t>(found - study.label_names.begin());
}

const Metric* find_metric(const SeedResults& seed, const std::string& stage, const std::string& evaluator, const std::string& metric) {
  for (const auto& [name, results] : seed.stages) {
    if (name != stage) continue;
    for (const NamedMetrics& named : results) {
      if (named.name != evaluator) continue;
      for (const Metric& one : named.metrics.values)
        if (one.full_name() == metric) return &one;
    }
  }
  return nullptr;
}

/// The mean of a value of the first line; NaN where another line does not have it.
Metric mean_of(const Metric& first, const std::string& stage, const std::string& evaluator, const std::vector<const SeedResults*>& seeds) {
  Metric mean = first;
  mean.value = 0;
  mean.standard_error = 0;  // lines share their pictures, so that their errors do not add up as those of independent ones
  for (const SeedResults* seed : seeds) {
    const Metric* metric = find_metric(*seed, stage, evaluator, first.full_name());
    mean.value += (metric ? metric->value : NAN) / static_cast<double>(seeds.size());
  }
  return mean;
}

/// Of the same seed in all lines.
Stages mean_stages(const std::vector<const SeedResults*>& seeds) {
  Stages stages;
  for (const auto& [stage, results] : seeds.front()->stages) {
    auto& of_stage = stages.emplace_back(stage, std::vector<NamedMetrics>()).second;
    for (const NamedMetrics& named : results) {
      NamedMetrics mean{named.name, {}, 0};
      for (const Metric& metric : named.metrics.values) {
        Metric value = mean_of(metric, stage, named.name, seeds);
        if (std::isfinite(value.value)) mean.metrics.values.push_back(std::move(value));
      }
      of_stage.push_back(std::move(mean));
    }
  }
  return stages;
}

/// The results of a seed in each line; empty where a line lacks it.
std::vector<const SeedResults*> results_of(int64_t seed, const Lines& lines) {
  std::vector<const SeedResults*> out;
  for (const StudyLine* line : lines) {
    const auto found = std::find_if(line->seeds.begin(), line->seeds.end(), [&](const SeedResults& one) { return one.seed == seed; });
    if (found == line->seeds.end()) return {};
    out.push_back(&*found);
  }
  return out;
}

void add_new(const std::vector<std::string>& sentences, std::vector<std::string>& all) {
  for (const std::string& sentence : sentences) {
    if (std::find(all.begin(), all.end(), sentence) == all.end()) all.push_back(sentence);
  }
}

std::vector<int64_t> seeds_of(const Lines& lines) {
  std::vector<int64_t> seeds;
  for (const StudyLine* line : lines) {
    for (const SeedResults& seed : line->seeds) {
      if (std::find(seeds.begin(), seeds.end(), seed.seed) == seeds.end()) seeds.push_back(seed.seed);
    }
  }
  return seeds;
}

StudyLine mean_line(const std::vector<std::string>& labels, const Lines& lines) {
  StudyLine mean{labels, {}, {}, {}, {}, {}};
  std::vector<int64_t> left_out;
  for (const int64_t seed : seeds_of(lines)) {
    const auto results = results_of(seed, lines);
    if (results.empty()) {
      left_out.push_back(seed);
    } else {
      mean.seeds.push_back({seed, mean_stages(results)});
    }
  }
  for (const StudyLine* line : lines) {
    add_new(line->troubles, mean.troubles);
    add_new(line->deviations, mean.deviations);
    for (const std::string& warning : line->warnings) mean.warnings.push_back(fmt::format("{}: {}", line->name(), warning));
  }
  if (!left_out.empty()) {
    mean.troubles.push_back(fmt::format("{}: seed{} {} left out of the mean, which not all of its lines have", mean.name(),
                                        left_out.size() == 1 ? "" : "s", fmt::join(left_out, ", ")));
  }
  return mean;
}

}  // namespace

Study averaged_over(const std::string& axis, const Study& study) {
  const auto number = static_cast<std::ptrdiff_t>(axis_number(axis, study));
  Study out{study.title, study.label_names, {}, study.others};
  out.label_names.erase(out.label_names.begin() + number);
  std::vector<std::vector<std::string>> order;
  std::map<std::vector<std::string>, Lines> groups;
  std::vector<std::string> averaged;  // values of the axis
  for (const StudyLine& line : study.lines) {
    std::vector<std::string> labels = line.labels;
    add_new({labels[static_cast<size_t>(number)]}, averaged);
    labels.erase(labels.begin() + number);
    Lines& group = groups[labels];
    if (group.empty()) order.push_back(labels);
    group.push_back(&line);
  }
  out.title += fmt::format("{}mean over {} ({})", out.title.empty() ? "" : "; ", axis, fmt::join(averaged, ", "));
  for (const auto& labels : order) {
    StudyLine line = mean_line(labels, groups[labels]);
    if (groups[labels].size() < averaged.size())
      line.troubles.push_back(
          fmt::format("{}: the mean is over {} of {} values of \"{}\" only", line.name(), groups[labels].size(), averaged.size(), axis));
    out.lines.push_back(std::move(line));
  }
  return out;
}

}  // namespace lafs
