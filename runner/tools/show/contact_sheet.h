#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "lafs/sample.h"
#include "runner/tools/show/sheet.h"

namespace lafs {

/// A picture ready to be shown and a line below it; either may be empty.
struct Cell {
  Image image;
  std::string caption;
};

/// Pictures in rows and columns, with a heading over each group of columns.
struct ContactSheet {
  std::string title, subtitle;
  std::vector<std::string> headings;    ///< one a column; neighbours of one heading form a group
  std::vector<std::vector<Cell>> rows;  ///< cells by column; shorter rows end early
  std::string low, high;                ///< ends of the strip of heat colours below; both empty: none

  /// Throws Error for a sheet that is too large to draw.
  Sheet draw() const;
};

/// A picture of its own, zoomed, to draw on.
Sheet zoomed(const Image& image, int64_t zoom);
/// The place on a zoomed picture of a coordinate whose integers are the middles of its pixels.
double zoomed_place(double coordinate, int64_t zoom);

}  // namespace lafs
