#include "kernel/results/study_table.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <boost/math/distributions/students_t.hpp>

#include "kernel/results/measured_pairs.h"
#include "kernel/results/study_comparison.h"
#include "lafs/error.h"
#include "lafs/suggestion.h"

namespace lafs {

namespace {

/// Which value of which evaluator fills a column.
struct ColumnKey {
  std::string evaluator, metric;
  auto operator<=>(const ColumnKey&) const = default;
};

struct Kind {
  Unit unit = Unit::none;
  Better better = Better::unknown;
};

struct Moments {
  double mean = 0, deviation = NAN;
};

Moments moments_of(const std::vector<double>& values) {
  Moments m;
  const auto n = static_cast<double>(values.size());
  for (const double value : values) m.mean += value / n;
  if (values.size() < 2) return m;
  double squares = 0;
  for (const double value : values) squares += (value - m.mean) * (value - m.mean);
  m.deviation = std::sqrt(squares / (n - 1));
  return m;
}

double p_of(double mean, double standard_error, int64_t seeds) {
  // Differences that are all alike, but for their last bits, say nothing of chance.
  if (seeds < 2 || standard_error <= 1e-12 * std::max(1.0, std::abs(mean))) return NAN;
  const boost::math::students_t distribution(static_cast<double>(seeds - 1));
  return 2 * boost::math::cdf(boost::math::complement(distribution, std::abs(mean / standard_error)));
}

class TableMaker {
 public:
  TableMaker(const Study& study, const StudyTableOptions& options) : study_(study), options_(options) { table_.study = &study; }

  StudyTable make() {
    require_stage(study_, options_.stage);
    choose_columns();
    table_.against = comparison_of(study_, options_.against);
    table_.other_data = other_data_warning(study_, options_.stage);
    for (size_t column = 0; column < keys_.size(); ++column) {
      table_.columns[column].other_pairs = have_other_pairs(study_, options_.stage, keys_[column].evaluator);
      table_.columns[column].same_pairs = have_same_pairs(study_, options_.stage, keys_[column].evaluator);
    }
    for (const StudyLine& line : study_.lines) {
      auto& row = table_.values.emplace_back();
      for (size_t column = 0; column < keys_.size(); ++column) row.push_back(value_of(line, column));
    }
    mark_best();
    for (size_t column = 0; column < keys_.size(); ++column) table_.columns[column].pixels = pixels_of(keys_[column]);
    for (const OtherMethod& method : study_.others) {
      auto& row = table_.others.emplace_back();
      for (size_t column = 0; column < keys_.size(); ++column) row.push_back(other_value(method, column));
    }
    return std::move(table_);
  }

 private:
  void choose_columns() {
    for (const StudyLine& line : study_.lines) {
      for (const SeedResults& seed : line.seeds) {
        if (const auto* results = seed.of_stage(options_.stage)) collect(*results);
      }
    }
    if (options_.metrics.empty()) {
      for (const ColumnKey& key : options_.all ? headlines_ : first_) {
        if (stands_in_pixels_row(key)) continue;
        // Where an evaluator does not say it, larger values of its first are better, by which checkpoints are ranked.
        const Better better = kinds_[key].better;
        add(key, better == Better::smaller);
        table_.columns.back().ranked = better != Better::unknown || std::find(first_.begin(), first_.end(), key) != first_.end();
      }
    }
    for (const std::string& wanted : options_.metrics) {
      const bool says_smaller = wanted.starts_with("-");
      const ColumnKey key = key_named(says_smaller ? wanted.substr(1) : wanted);
      add(key, says_smaller || kinds_[key].better == Better::smaller);
    }
  }

  void collect(const std::vector<NamedMetrics>& results) {
    for (const NamedMetrics& named : results) {
      bool first = true;
      for (const Metric& metric : named.metrics.values) {
        const ColumnKey key{named.name, metric.full_name()};
        kinds_[key].unit = metric.unit;
        if (metric.better != Better::unknown) kinds_[key].better = metric.better;  // results from before it was said do not hide it
        put(key, known_);
        if (metric.headline) put(key, headlines_);
        if (first && metric.variant.empty()) put(key, first_);
        first = first && !metric.variant.empty();
      }
    }
  }

  static void put(const ColumnKey& key, std::vector<ColumnKey>& keys) {
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
  }

  ColumnKey key_named(const std::string& wanted) const {
    std::vector<std::string> names;
    for (const ColumnKey& key : known_) {
      if (wanted == key.metric || wanted == key.evaluator + "/" + key.metric) return key;
      names.push_back(key.metric);
    }
    throw Error(fmt::format("no run has a value \"{}\"{}", wanted, suggestion(wanted, names)));
  }

  void add(const ColumnKey& key, bool smaller) {
    const bool one_evaluator =
        std::all_of(known_.begin(), known_.end(), [&](const ColumnKey& other) { return other.evaluator == key.evaluator; });
    keys_.push_back(key);
    table_.columns.push_back({one_evaluator ? key.metric : fmt::format("{}: {}", key.evaluator, key.metric), kinds_[key].unit, smaller});
  }

  const Metric* metric_of(const SeedResults& seed, const ColumnKey& key) const {
    return seed.value(options_.stage, key.evaluator, key.metric);
  }

  std::map<int64_t, double> by_seed(const StudyLine& line, const ColumnKey& key) const {
    std::map<int64_t, double> values;
    for (const SeedResults& seed : line.seeds) {
      if (const Metric* metric = metric_of(seed, key)) values[seed.seed] = metric->value;
    }
    return values;
  }

  /// What pixels alone have; nothing where runs differ, as those do that see other pictures or sizes, or where one did not measure it.
  std::optional<double> pixels_of(const ColumnKey& key) const {
    std::optional<double> value;
    for (const StudyLine& line : study_.lines) {
      const auto pixels = by_seed(line, {key.evaluator, "pixels/" + key.metric});
      if (pixels.size() != by_seed(line, key).size()) return std::nullopt;
      for (const auto& [seed, of_seed] : pixels) {
        if (value && *value != of_seed) return std::nullopt;
        value = of_seed;
      }
    }
    return value;
  }

  /// Whether it is a value of pixels that the table shows in a line of its own, below the column of the model.
  bool stands_in_pixels_row(const ColumnKey& key) const {
    constexpr std::string_view pixels = "pixels/";
    if (!key.metric.starts_with(pixels)) return false;
    const ColumnKey of_model{key.evaluator, key.metric.substr(pixels.size())};
    return std::find(headlines_.begin(), headlines_.end(), of_model) != headlines_.end() && pixels_of(of_model).has_value();
  }

  std::optional<StudyValue> value_of(const StudyLine& line, size_t column) const {
    const ColumnKey& key = keys_[column];
    const auto values = by_seed(line, key);
    if (values.empty()) return std::nullopt;
    std::vector<double> numbers;
    for (const auto& [seed, value] : values) numbers.push_back(value);
    const Moments moments = moments_of(numbers);
    StudyValue value{moments.mean, moments.deviation, static_cast<int64_t>(numbers.size()), 0, false, {}, {}, false};
    if (line.seeds.size() == 1) value.standard_error = metric_of(line.seeds.front(), key)->standard_error;
    if (const StudyLine* other = compared_with(line); other && !table_.columns[column].other_pairs)
      value.difference = difference_of(values, by_seed(*other, key));
    add_published(line, key, value);
    return value;
  }

  const StudyLine* compared_with(const StudyLine& line) const {
    if (!table_.against) return nullptr;
    const auto& other = table_.against->counterparts[static_cast<size_t>(&line - study_.lines.data())];
    return other ? &study_.lines[*other] : nullptr;
  }

  static std::optional<SeedDifference> difference_of(const std::map<int64_t, double>& values, const std::map<int64_t, double>& others) {
    std::vector<double> apart;
    for (const auto& [seed, value] : values) {
      if (const auto other = others.find(seed); other != others.end()) apart.push_back(value - other->second);
    }
    if (apart.empty()) return std::nullopt;
    const Moments moments = moments_of(apart);
    const auto n = static_cast<int64_t>(apart.size());
    const double error = moments.deviation / std::sqrt(static_cast<double>(n));
    return SeedDifference{moments.mean, error, p_of(moments.mean, error, n), n};
  }

  void add_published(const StudyLine& line, const ColumnKey& key, StudyValue& value) const {
    for (const PublishedValue& published : line.published) {
      const bool here = published.metric == key.metric && (published.evaluator.empty() || published.evaluator == key.evaluator) &&
                        (published.stage.empty() || published.stage == stage_of(line));
      if (!here) continue;
      value.published = published;
      value.reproduced = published.is_reproduced_by(value.mean);
      return;
    }
  }

  std::optional<double> other_value(const OtherMethod& method, size_t column) const {
    const ColumnKey& key = keys_[column];
    for (const OtherValue& other : method.values) {
      if (other.metric != key.metric || !key.evaluator.starts_with(other.evaluator)) continue;
      if (table_.columns[column].unit == Unit::share && other.value > 1)
        throw Error(fmt::format("{} = {} of \"{}\" is a share, so at most 1: write {}", other.metric, other.value, method.name(),
                                other.value / 100))
            .at(other.position);
      return other.value;
    }
    return std::nullopt;
  }

  std::string stage_of(const StudyLine& line) const {
    if (!options_.stage.empty()) return options_.stage;
    return line.seeds.empty() || line.seeds.front().stages.empty() ? "" : line.seeds.front().stages.back().first;
  }

  void mark_best() {
    for (size_t column = 0; column < keys_.size(); ++column) {
      std::optional<StudyValue>* best = nullptr;
      if (table_.columns[column].other_pairs || !table_.columns[column].ranked) continue;
      const auto sign = table_.columns[column].smaller_is_better ? -1 : 1;
      size_t measured = 0;
      for (auto& row : table_.values) {
        if (!row[column]) continue;
        ++measured;
        if (!best || sign * row[column]->mean > sign * (*best)->mean) best = &row[column];
      }
      if (best && measured > 1) (*best)->best = true;
    }
  }

  const Study& study_;
  const StudyTableOptions& options_;
  std::vector<ColumnKey> keys_;                       ///< of the columns
  std::vector<ColumnKey> known_, headlines_, first_;  ///< every value, those shown on a terminal, the first of each evaluator
  std::map<ColumnKey, Kind> kinds_;
  StudyTable table_;
};

}  // namespace

std::string StudyLine::name() const { return fmt::format("{}", fmt::join(labels, ", ")); }

const std::vector<NamedMetrics>* SeedResults::of_stage(const std::string& stage) const {
  if (stages.empty()) return nullptr;
  if (stage.empty()) return &stages.back().second;
  const auto found = std::find_if(stages.begin(), stages.end(), [&](const auto& one) { return one.first == stage; });
  return found == stages.end() ? nullptr : &found->second;
}

const Metric* SeedResults::value(const std::string& stage, const std::string& evaluator, const std::string& metric) const {
  const auto* results = of_stage(stage);
  if (!results) return nullptr;
  for (const NamedMetrics& named : *results) {
    if (named.name != evaluator) continue;
    for (const Metric& one : named.metrics.values)
      if (one.full_name() == metric && std::isfinite(one.value)) return &one;
  }
  return nullptr;
}

void require_stage(const Study& study, const std::string& stage) {
  if (stage.empty()) return;
  std::vector<std::string> names;
  for (const StudyLine& line : study.lines) {
    for (const SeedResults& seed : line.seeds) {
      for (const auto& [name, results] : seed.stages) {
        if (name == stage) return;
        if (!contains(names, name)) names.push_back(name);
      }
    }
  }
  throw Error(fmt::format("no run has a stage \"{}\"{}", stage, suggestion(stage, names)));
}

bool StudyTable::has_published() const {
  return std::any_of(values.begin(), values.end(), [](const auto& row) {
    return std::any_of(row.begin(), row.end(), [](const auto& value) { return value && value->published; });
  });
}

StudyTable study_table(const Study& study, const StudyTableOptions& options) { return TableMaker(study, options).make(); }

}  // namespace lafs
