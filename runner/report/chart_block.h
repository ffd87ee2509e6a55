#pragma once
#include <string>
#include <vector>

#include "runner/report/chart.h"

namespace lafs {

/// The charts of a page. The page has a place for each, and their data as one block of JSON, from which page.js draws them:
/// [{"title", "x", "y", "log_x", "log_y", "filled", "labels", "series":[{"name", "reference", "x", "y", "low", "high"}]}]. Only what a
/// chart has is there; numbers keep six digits, and those that are not finite are null.
///
///     ChartBlock charts;
///     std::string body = charts.place(loss) + charts.place(accuracy);
class ChartBlock {
 public:
  /// HTML of the chart's place; empty where it has no point to draw.
  std::string place(const Chart& chart);
  /// The same under a heading of its own; empty where none has a point.
  std::string section(const std::string& heading, const std::vector<Chart>& charts);

  bool empty() const { return charts_.empty(); }
  /// For a <script> element: no "<" is left in it.
  std::string json() const;

 private:
  std::vector<std::string> charts_;
};

/// A chart as that JSON; "null" where there is no point to draw.
std::string chart_json(const Chart& chart);

/// With at most `most` points: each stands for as many neighbours, whose mean it is and whose smallest and largest value are its range, so
/// that no spike is lost. Shorter series stay as they are.
Series thinned(const Series& series, size_t most);

}  // namespace lafs
