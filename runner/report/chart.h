#pragma once
#include <string>
#include <vector>

namespace lafs {

struct Series {
  std::string name;
  std::vector<double> x, y;                 ///< of one length; points that are not finite are left out
  std::vector<double> low = {}, high = {};  ///< a page shows the range from low to high around each point; empty: none
  bool reference = false;                   ///< a value to compare the others with: dashed on a page
};

struct Chart {
  std::string title, x_name, y_name;
  bool log_x = false;          ///< points with x <= 0 are left out
  std::vector<Series> series;  ///< of a sheet, eight at most are drawn; of a page 24
  bool log_y = false;          ///< points with y <= 0 are left out
  bool filled = false;         ///< the area below each line is shaded, as of a histogram
  std::string about = {};      ///< a sentence below the title, on a page
  /// Of a page: dots beside these names in place of lines; y of the series is the value for each name, NaN where there is none, x is empty.
  std::vector<std::string> labels = {};
};

}  // namespace lafs
