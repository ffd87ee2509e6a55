#pragma once
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace lafs {

/// What a value counts. It decides how a value is printed and which range it may have.
enum class Unit {
  none,     ///< a plain number: a threshold, an area under a curve
  share,    ///< in [0, 1], printed in percent: accuracy, TAR, equal error rate
  percent,  ///< in [0, 100]
  pixels,
  seconds
};

/// Which values of a metric are better: by it checkpoints are ranked and the best of a column is marked.
enum class Better {
  unknown,  ///< it does not say how good a model is, as a threshold or the share of genuine pairs does not
  larger,
  smaller
};

/// One measured number with its spread. NaN where it does not exist.
///
///     Metric{.name = "accuracy", .value = 0.998, .standard_error = 0.001, .n = 6000, .unit = Unit::share, .better = Better::larger}
struct Metric {
  std::string name;          ///< "accuracy", "tar@far=0.001"
  std::string variant = "";  ///< what was measured beside the model under the same protocol: "pixels"; empty: the model itself
  double value = 0;
  double standard_error = 0;  ///< 0 when not known
  int64_t n = 0;              ///< items it was measured on
  Unit unit = Unit::none;
  Better better = Better::unknown;
  bool headline = true;          ///< shown on the terminal; the report and results.json show all
  double low = NAN, high = NAN;  ///< ends of the 95 % interval; NaN when not known

  /// "accuracy", "pixels/accuracy": the name in results.json, metrics.jsonl and `[row] published`.
  std::string full_name() const { return variant.empty() ? name : variant + "/" + name; }
};

/// A curve over the whole range of a protocol: x ascending.
struct Curve {
  std::string name, variant, x_name, y_name;  ///< "roc", as a metric's variant, "far", "tar"
  std::vector<double> x, y;

  std::string full_name() const { return variant.empty() ? name : variant + "/" + name; }
};

/// How often values fall into bins of one width between two ends; what lies outside counts in the first or the last bin.
struct Histogram {
  std::string name, variant, x_name;         ///< "scores", as a metric's variant, "cosine"
  double low = 0, high = 1;                  ///< the ends
  std::vector<std::string> kinds;            ///< what is counted apart: "genuine", "impostor"
  std::vector<std::vector<int64_t>> counts;  ///< [kind][bin]; every kind has as many bins

  std::string full_name() const { return variant.empty() ? name : variant + "/" + name; }
};

/// The items that decided, hardest first.
struct RankedItem {
  std::string what;  ///< "pair 17: a/1.jpg b/2.jpg, impostor"
  double score = 0;
  /// Keys in a source that the evaluator asks features of, in the order to show them; empty: there is nothing to look at.
  std::vector<std::string> pictures = {};
};
struct RankedList {
  std::string name;  ///< "false accepts"
  std::vector<RankedItem> items;
};

/// Every comparison of a protocol of pairs, in its order: for tests between two models and for thresholds. One entry a pair, or none at
/// all.
struct Comparisons {
  std::vector<double> scores;    ///< larger: more alike
  std::vector<uint8_t> same;     ///< of one person
  std::vector<uint8_t> correct;  ///< decided rightly at the threshold of its fold
  /// The people of a pair, for resampling people; two equal numbers where only the pair itself is known.
  std::vector<int32_t> first_person, second_person;
  std::string pairs;  ///< hex digest of the pairs: two models can be compared pair by pair where it is equal
};

/// What an evaluator returns. The first value is the one checkpoints are ranked by unless `[run] best` names another; larger is better
/// where it does not say otherwise by `Metric::better`.
struct Metrics {
  std::vector<Metric> values;
  std::vector<Curve> curves;
  std::vector<RankedList> lists;
  std::vector<std::string> notes;     ///< sentences for the report: "pixels scaled as lafs, flip sum"
  std::vector<std::string> warnings;  ///< sentences without which a number misleads; also on the terminal, below the numbers
  std::vector<Histogram> histograms;
  Comparisons comparisons;
};

}  // namespace lafs
