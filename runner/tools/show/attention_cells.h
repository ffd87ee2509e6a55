#pragma once
#include <cstdint>
#include <vector>

#include "runner/tools/show/contact_sheet.h"
#include "runner/tools/show/model_numbers.h"

namespace lafs {

/// Draws maps and masks over one picture: as colours of its patches, or as discs at its landmarks. The numbers must outlive it.
class AttentionCells {
 public:
  AttentionCells(const AttentionNumbers& numbers, int64_t zoom) : numbers_(numbers), zoom_(zoom) {}

  /// [N], in colours from 0 to the largest; the caption says the largest's share of the sum.
  Cell map(const std::vector<double>& values) const;
  /// [N], the tokens that are kept.
  Cell mask(const std::vector<bool>& kept) const;

 private:
  bool at_landmarks() const { return !numbers_.points.empty(); }
  Image discs(const std::vector<Colour>& colours, const std::vector<double>& order) const;

  const AttentionNumbers& numbers_;
  int64_t zoom_;
};

}  // namespace lafs
