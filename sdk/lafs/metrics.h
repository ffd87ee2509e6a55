#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace lafs {

/// One measured number with its spread. NaN where it does not exist.
struct Metric {
  std::string name;  ///< "accuracy", "tar@far=0.001"; of something else than the model "VARIANT/accuracy", such as "pixels/accuracy"
  double value = 0;
  double standard_error = 0;  ///< 0 when not known
  int64_t n = 0;              ///< items it was measured on
  std::string unit;           ///< "", "%", "pixels"
  bool headline = true;       ///< shown on the terminal; the report and results.json show all
};

struct Curve {
  std::string name, x_name, y_name;  ///< "roc", "far", "tar"
  std::vector<double> x, y;
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
