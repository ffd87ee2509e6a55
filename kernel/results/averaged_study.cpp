#include "kernel/results/averaged_study.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lafs/error.h"
#include "lafs/suggestion.h"

namespace lafs {

namespace {

using Labels = std::vector<std::string>;
using Lines = std::vector<const StudyLine*>;

void add_new(const std::string& text, std::vector<std::string>& all) {
  if (!contains(all, text)) all.push_back(text);
}

size_t axis_number(const std::string& axis, const Study& study) {
  const auto found = std::find(study.label_names.begin(), study.label_names.end(), axis);
  if (found == study.label_names.end()) throw Error(fmt::format("no axis \"{}\"{}", axis, suggestion(axis, study.label_names)));
  if (study.label_names.size() == 1) throw Error(fmt::format("\"{}\" is the only axis: a mean over it leaves nothing to compare", axis));
  return static_cast<size_t>(found - study.label_names.begin());
}

bool have_equal_values(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(), [&](double value) { return value == values.front(); });
}

/// Lines that differ in their label of the axis only.
class AveragedLine {
 public:
  AveragedLine(const Labels& labels, const Lines& lines, const std::string& stage) : lines_(lines), stage_(stage) { mean_.labels = labels; }

  StudyLine line() {
    for (const StudyLine* line : lines_) {
      for (const SeedResults& seed : line->seeds) {
        if (seen_.insert(seed.seed).second) add_seed(seed.seed);
      }
    }
    for (const StudyLine* line : lines_) tell_missing(*line);
    for (const StudyLine* line : lines_) {
      for (const std::string& trouble : line->troubles) add_new(trouble, mean_.troubles);
      for (const std::string& deviation : line->deviations) add_new(deviation, mean_.deviations);
      for (const std::string& warning : line->warnings) mean_.warnings.push_back(fmt::format("as \"{}\", {}", line->name(), warning));
    }
    return std::move(mean_);
  }

 private:
  /// What the lines lack, by the line that lacks it.
  struct Missing {
    std::vector<int64_t> seeds;
    std::vector<std::string> values;
  };

  void add_seed(int64_t number) {
    std::vector<const SeedResults*> seeds;
    for (const StudyLine* line : lines_) {
      const auto found = std::find_if(line->seeds.begin(), line->seeds.end(), [&](const SeedResults& one) { return one.seed == number; });
      if (found != line->seeds.end() && found->of_stage(stage_)) {
        seeds.push_back(&*found);
      } else {
        missing_[line].seeds.push_back(number);
      }
    }
    if (seeds.size() == lines_.size()) mean_.seeds.push_back({number, {{stage_, means(seeds)}}});
  }

  /// Every value that one of them has, if all have it.
  std::vector<NamedMetrics> means(const std::vector<const SeedResults*>& seeds) {
    std::vector<NamedMetrics> all;
    std::set<std::pair<std::string, std::string>> done;
    for (const SeedResults* seed : seeds) {
      for (const NamedMetrics& named : *seed->of_stage(stage_)) {
        for (const Metric& metric : named.metrics.values) {
          if (!done.emplace(named.name, metric.full_name()).second) continue;
          if (const auto mean = mean_of(metric, named.name, seeds)) put(*mean, named, all);
        }
      }
    }
    return all;
  }

  std::optional<Metric> mean_of(const Metric& metric, const std::string& evaluator, const std::vector<const SeedResults*>& seeds) {
    std::vector<double> values;
    for (size_t i = 0; i < seeds.size(); ++i) {
      if (const Metric* one = seeds[i]->value(stage_, evaluator, metric.full_name())) {
        values.push_back(one->value);
      } else {
        add_new(fmt::format("\"{}/{}\"", evaluator, metric.full_name()), missing_[lines_[i]].values);
      }
    }
    if (values.size() < seeds.size()) return std::nullopt;
    Metric mean = metric;
    mean.standard_error = 0;  // lines may share their pictures, so that their errors do not add up as those of independent ones
    if (have_equal_values(values)) return mean;
    double sum = 0;
    for (const double value : values) sum += value;
    mean.value = sum / static_cast<double>(values.size());
    return mean;
  }

  static void put(const Metric& metric, const NamedMetrics& of, std::vector<NamedMetrics>& all) {
    auto named = std::find_if(all.begin(), all.end(), [&](const NamedMetrics& one) { return one.name == of.name; });
    if (named == all.end()) {
      named = all.insert(all.end(), {of.name, {}, 0});
      named->metrics.comparisons.pairs = of.metrics.comparisons.pairs;
      named->measured_on = of.measured_on;
    }
    named->metrics.values.push_back(metric);
  }

  void tell_missing(const StudyLine& line) {
    const auto found = missing_.find(&line);
    if (found == missing_.end()) return;
    const auto tell = [&](size_t count, const std::string& what) {
      mean_.troubles.push_back(fmt::format("{}: {} {} not in the mean, because \"{}\" lacks {}", mean_.name(), what,
                                           count == 1 ? "is" : "are", line.name(), count == 1 ? "it" : "them"));
    };
    const auto& [seeds, values] = found->second;
    if (!seeds.empty()) tell(seeds.size(), fmt::format("seed{} {}", seeds.size() == 1 ? "" : "s", fmt::join(seeds, ", ")));
    if (!values.empty()) tell(values.size(), fmt::format("{}", fmt::join(values, ", ")));
  }

  const Lines& lines_;
  const std::string& stage_;
  std::set<int64_t> seen_;  ///< seeds
  std::map<const StudyLine*, Missing> missing_;
  StudyLine mean_;
};

/// The lines of a study by their labels without one axis, in the order of the study.
class LinesByOtherLabels {
 public:
  LinesByOtherLabels(const Study& study, size_t axis) {
    for (const StudyLine& line : study.lines) {
      Labels others = line.labels;
      others.erase(others.begin() + static_cast<std::ptrdiff_t>(axis));
      const std::string& label = line.labels[axis];
      add_new(label, labels_);
      if (groups_[others].empty()) order_.push_back(others);
      groups_[others][label] = &line;
    }
  }

  const std::vector<Labels>& order() const { return order_; }

  /// Labels of the axis: those that every group has, or those that one lacks.
  Labels labels(bool common) const {
    Labels chosen;
    std::copy_if(labels_.begin(), labels_.end(), std::back_inserter(chosen), [&](const std::string& label) {
      return common == std::all_of(groups_.begin(), groups_.end(), [&](const auto& group) { return group.second.contains(label); });
    });
    return chosen;
  }

  Lines lines(const Labels& others, const Labels& of_axis) const {
    Lines lines;
    for (const std::string& label : of_axis) lines.push_back(groups_.at(others).at(label));
    return lines;
  }

 private:
  std::vector<Labels> order_;
  Labels labels_;  ///< of the axis
  std::map<Labels, std::map<std::string, const StudyLine*>> groups_;
};

}  // namespace

Study averaged_over(const std::string& axis, const Study& study, const std::string& stage) {
  const size_t number = axis_number(axis, study);
  require_stage(study, stage);
  const LinesByOtherLabels groups(study, number);
  Study out{study.title, study.label_names, {}, study.others, StudyAverage{axis, groups.labels(true), groups.labels(false)}};
  if (out.average->labels.empty())
    throw Error(fmt::format("no label of \"{}\" is there for all lines, so that their means cannot be compared", axis));
  out.label_names.erase(out.label_names.begin() + static_cast<std::ptrdiff_t>(number));
  for (const Labels& others : groups.order()) {
    const Lines lines = groups.lines(others, out.average->labels);
    out.lines.push_back(AveragedLine(others, lines, stage).line());
  }
  return out;
}

}  // namespace lafs
