#pragma once
#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

#include "kernel/data/sampler.h"
#include "lafs/augmentation.h"
#include "lafs/data_source.h"

namespace lafs {

/// The rows of a micro-batch as bytes: every view of every picture, and the landmarks that moved with it. What trains and what is shown to
/// people comes out of here. [any thread, each row in one]
class ViewRows {
 public:
  ViewRows(ViewLayout layout, int64_t rows);

  /// Makes a row as training is fed it, and hands out its sample, picture and all. Throws what the source and the augmentation throw, and
  /// Error for views that are not in the layout.
  Sample fill(const DataSource& source, const Augmentation& augmentation, const Sampler& sampler, int64_t micro, int64_t row);

  const ViewLayout& layout() const { return layout_; }
  const at::Tensor& images(size_t group) const { return groups_[group].images; }  ///< [V,B,H,W,3] uint8
  /// x0 y0 ... of one view; empty where the augmentation moved no landmarks with it.
  const std::vector<float>& points(size_t group, int64_t view, int64_t row) const;
  /// [V,B,L,2] of a group; undefined where no row carries landmarks. Throws Error where rows carry different numbers of them.
  at::Tensor landmarks(size_t group) const;

 private:
  class Writer;
  struct Group {
    at::Tensor images;
    std::vector<std::vector<float>> points;  ///< [V*B]
  };

  ViewLayout layout_;
  int64_t rows_;
  std::vector<Group> groups_;
};

}  // namespace lafs
