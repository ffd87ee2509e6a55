#include "nn/loss/class_targets.h"

#include <algorithm>
#include <tuple>

namespace lafs::nn {

ClassTargets::ClassTargets(const ClassBlocks& blocks, const at::Tensor& columns) {
  const int64_t* classes = columns.const_data_ptr<int64_t>();
  for (int64_t r = 0; r < columns.size(0); ++r) {
    for (int64_t k = 0; k < columns.size(1); ++k) {
      const int64_t c = classes[r * columns.size(1) + k];
      if (c >= 0) all_.push_back({c / blocks.size, r, c % blocks.size, k});
    }
  }
  std::sort(all_.begin(), all_.end(),
            [](const One& a, const One& b) { return std::tie(a.block, a.row, a.place) < std::tie(b.block, b.row, b.place); });
}

std::pair<ClassTargets::Place, ClassTargets::Place> ClassTargets::in(int64_t block) const {
  const auto begin = std::lower_bound(all_.begin(), all_.end(), block, [](const One& one, int64_t b) { return one.block < b; });
  const auto end = std::upper_bound(begin, all_.end(), block, [](int64_t b, const One& one) { return b < one.block; });
  return {begin, end};
}

}  // namespace lafs::nn
