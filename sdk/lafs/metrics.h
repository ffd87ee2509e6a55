#pragma once
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

/// One measured number with its spread. NaN where it does not exist.
///
///     Metric{.name = "accuracy", .value = 0.998, .standard_error = 0.001, .n = 6000, .unit = Unit::share}
struct Metric {
  std::string name;          ///< "accuracy", "tar@far=0.001"
  std::string variant = "";  ///< what was measured beside the model under the same protocol: "pixels"; empty: the model itself
  double value = 0;
  double standard_error = 0;  ///< 0 when not known
  int64_t n = 0;              ///< items it was measured on
  Unit unit = Unit::none;
  bool headline = true;  ///< shown on the terminal; the report and results.json show all

  /// "accuracy", "pixels/accuracy": the name in results.json, metrics.jsonl and `[row] published`.
  std::string full_name() const { return variant.empty() ? name : variant + "/" + name; }
};

/// A curve over the whole range of a protocol: x ascending.
struct Curve {
  std::string name, variant, x_name, y_name;  ///< "roc", as a metric's variant, "far", "tar"
  std::vector<double> x, y;

  std::string full_name() const { return variant.empty() ? name : variant + "/" + name; }
};

/// The items that decided, hardest first.
struct RankedItem {
  std::string what;  ///< "pair 17: a/1.jpg b/2.jpg, impostor"
  double score = 0;
};
struct RankedList {
  std::string name;  ///< "false accepts"
  std::vector<RankedItem> items;
};

/// What an evaluator returns. The first value is the one checkpoints are ranked by; larger is better.
struct Metrics {
  std::vector<Metric> values;
  std::vector<Curve> curves;
  std::vector<RankedList> lists;
  std::vector<std::string> notes;  ///< sentences for the report: "pixels scaled as lafs, flip sum"
};

}  // namespace lafs
