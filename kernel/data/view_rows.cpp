#include "kernel/data/view_rows.h"

#include <cstring>

#include <ATen/record_function.h>
#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "lafs/rng.h"

namespace lafs {

namespace {

Sample decoded(const DataSource& source, int64_t index) {
  RECORD_USER_SCOPE("decode");
  return source.get(index);
}

}  // namespace

/// The places of one row.
class ViewRows::Writer final : public Views {
 public:
  Writer(ViewRows& rows, int64_t row) : rows_(rows), row_(row) {
    for (Group& group : rows_.groups_) {
      for (size_t place = static_cast<size_t>(row); place < group.points.size(); place += static_cast<size_t>(rows_.rows_)) {
        group.points[place].clear();
      }
    }
  }

  std::span<uint8_t> image(size_t group, int64_t view) override {
    const ViewGroup& layout = checked(group, view);
    const int64_t bytes = layout.height * layout.width * Image::channels;
    return {rows_.groups_[group].images.data_ptr<uint8_t>() + (view * rows_.rows_ + row_) * bytes, static_cast<size_t>(bytes)};
  }

  void landmarks(size_t group, int64_t view, std::span<const float> points) override {
    const ViewGroup& layout = checked(group, view);
    if (points.size() % 2 != 0) {
      throw Error(fmt::format("view {} of group \"{}\" has {} numbers for landmarks, not pairs", view, layout.name, points.size()));
    }
    rows_.groups_[group].points[static_cast<size_t>(view * rows_.rows_ + row_)].assign(points.begin(), points.end());
  }

 private:
  const ViewGroup& checked(size_t group, int64_t view) const {
    const ViewGroup& layout = rows_.layout_.at(group);
    if (view < 0 || view >= layout.count) throw Error(fmt::format("view {} of group \"{}\" is not in the layout", view, layout.name));
    return layout;
  }

  ViewRows& rows_;
  int64_t row_;
};

ViewRows::ViewRows(ViewLayout layout, int64_t rows) : layout_(std::move(layout)), rows_(rows) {
  for (const ViewGroup& group : layout_) {
    groups_.push_back({at::empty({group.count, rows, group.height, group.width, Image::channels}, at::kByte), {}});
    groups_.back().points.resize(static_cast<size_t>(group.count * rows));
  }
}

Sample ViewRows::fill(const DataSource& source, const Augmentation& augmentation, const Sampler& sampler, int64_t micro, int64_t row) {
  Sample sample = decoded(source, sampler.index(micro, row));
  Rng rng(sampler.augmentation_key(micro, row));
  Writer writer(*this, row);
  RECORD_USER_SCOPE("augment");
  augmentation.views(sample, rng, writer);
  return sample;
}

const std::vector<float>& ViewRows::points(size_t group, int64_t view, int64_t row) const {
  return groups_[group].points[static_cast<size_t>(view * rows_ + row)];
}

at::Tensor ViewRows::landmarks(size_t group) const {
  const auto& points = groups_[group].points;
  size_t numbers = 0;
  for (int64_t row = 0; row < rows_ && numbers == 0; ++row) numbers = this->points(group, 0, row).size();
  if (numbers == 0) return {};
  const auto landmarks = static_cast<int64_t>(numbers / 2);
  at::Tensor out = at::empty({layout_[group].count, rows_, landmarks, 2});
  for (size_t place = 0; place < points.size(); ++place) {
    if (points[place].size() != numbers) {
      throw Error(fmt::format("views \"{}\" carry {} landmarks in one picture and {} in another", layout_[group].name, landmarks,
                              points[place].size() / 2));
    }
    std::memcpy(out.data_ptr<float>() + place * numbers, points[place].data(), numbers * sizeof(float));
  }
  return out;
}

}  // namespace lafs
