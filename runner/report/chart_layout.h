#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runner/report/chart.h"

namespace lafs {

/// One axis of a chart: its ends and where its ticks are, of a logarithmic one in exponents of ten.
struct ChartAxis {
  double low = 0, high = 1;
  std::vector<double> ticks;
  bool powers = false;

  std::string tick_text(double tick) const;  ///< "0.25", "1e-3", "12k"
  double share(double value) const { return (value - low) / (high - low); }
};

/// What of a chart is drawn, ready to be placed: points of an axis of powers are logarithms.
struct ChartLayout {
  ChartAxis x, y;
  std::vector<std::string> names;
  std::vector<std::vector<std::pair<double, double>>> lines;  ///< a line for each name
};

/// Nothing when the chart has no point to draw.
std::optional<ChartLayout> layout_of(const Chart& chart);

}  // namespace lafs
