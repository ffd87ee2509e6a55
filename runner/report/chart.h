#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace lafs {

struct Series {
  std::string name;
  std::vector<double> x, y;  ///< of one length; points that are not finite are left out
};

struct Chart {
  std::string title, x_name, y_name;
  bool log_x = false;          ///< points with x <= 0 are left out
  std::vector<Series> series;  ///< eight at most are drawn
  bool log_y = false;          ///< points with y <= 0 are left out
  bool filled = false;         ///< the area below each line is shaded, as of a histogram
};

/// The chart as inline SVG for a page with the style of `chart_style`; empty when it has no point to draw.
std::string chart_svg(const Chart& chart);

/// CSS that the charts need: colours of the series in --series-1 to --series-8, of ink and grid, for light and dark pages.
std::string_view chart_style();

}  // namespace lafs
