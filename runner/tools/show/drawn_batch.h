#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <ATen/core/Tensor.h>

#include "kernel/data/loader.h"
#include "kernel/data/view_rows.h"
#include "lafs/augmentation.h"
#include "lafs/batch.h"
#include "lafs/data_source.h"

namespace lafs {

/// The first rows of a micro-batch of training, with pictures and views as bytes beside what a network is fed.
class DrawnBatch final : public Batch {
 public:
  /// Rows 0..rows-1 of micro-batch `micro`. Throws Error where the source or the augmentation does.
  DrawnBatch(const DataSource& source, const Augmentation& augmentation, const InputContract& input, const Sampler& sampler, int64_t micro,
             int64_t rows);

  int64_t size() const override { return static_cast<int64_t>(samples_.size()); }
  bool has(std::string_view group) const override;
  at::Tensor views(std::string_view group) const override;
  at::Tensor landmarks(std::string_view group) const override;
  at::Tensor labels() const override;
  at::Tensor positions() const override;
  at::Tensor indices() const override;

  const Sample& sample(int64_t row) const { return samples_[static_cast<size_t>(row)]; }
  Image view(size_t group, int64_t index, int64_t row) const;
  /// x0 y0 ... of a view whose augmentation moved landmarks with it; else empty.
  const std::vector<float>& landmarks_of(size_t group, int64_t index, int64_t row) const { return rows_.points(group, index, row); }

 private:
  size_t place_of(std::string_view group) const;

  ViewRows rows_;
  InputContract input_;
  std::vector<Sample> samples_;
  std::vector<int64_t> positions_;
};

}  // namespace lafs
