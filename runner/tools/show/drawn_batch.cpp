#include "runner/tools/show/drawn_batch.h"

#include <algorithm>

#include <fmt/format.h>
#include <torch/types.h>

#include "imaging/decode.h"
#include "kernel/data/pixels.h"
#include "lafs/error.h"
#include "lafs/rng.h"

namespace lafs {

/// The slots of one row.
class DrawnBatch::Writer final : public Views {
 public:
  Writer(DrawnBatch& batch, int64_t row) : batch_(batch), row_(row) {}
  std::span<uint8_t> image(size_t group, int64_t index) override {
    at::Tensor slot = batch_.groups_.at(group).bytes[index][row_];
    return {slot.data_ptr<uint8_t>(), static_cast<size_t>(slot.numel())};
  }
  void landmarks(size_t group, int64_t index, std::span<const float> points) override {
    Group& to = batch_.groups_.at(group);
    to.landmarks.at(static_cast<size_t>(index * to.bytes.size(1) + row_)).assign(points.begin(), points.end());
  }

 private:
  DrawnBatch& batch_;
  int64_t row_;
};

DrawnBatch::DrawnBatch(const DataSource& source, const Augmentation& augmentation, const InputContract& input, const Sampler& sampler,
                       int64_t micro, int64_t rows)
    : layout_(augmentation.layout()), input_(input) {
  for (const ViewGroup& group : layout_) {
    groups_.push_back({at::empty({group.count, rows, group.height, group.width, Image::channels}, at::kByte), {}});
    groups_.back().landmarks.resize(static_cast<size_t>(group.count * rows));
  }
  for (int64_t row = 0; row < rows; ++row) {
    samples_.push_back(source.get(sampler.index(micro, row)));
    positions_.push_back(sampler.position(micro, row));
    Rng rng(sampler.augmentation_key(micro, row));
    Writer writer(*this, row);
    augmentation.views(samples_.back(), rng, writer);
  }
}

size_t DrawnBatch::place_of(std::string_view name) const {
  for (size_t g = 0; g < layout_.size(); ++g) {
    if (layout_[g].name == name) return g;
  }
  throw Error(fmt::format("the batch has no views \"{}\"", name));
}

bool DrawnBatch::has(std::string_view name) const {
  return std::any_of(layout_.begin(), layout_.end(), [&](const ViewGroup& group) { return group.name == name; });
}

at::Tensor DrawnBatch::views(std::string_view group) const { return to_network(groups_[place_of(group)].bytes, input_, at::kCPU); }

at::Tensor DrawnBatch::landmarks(std::string_view name) const {
  const Group& group = groups_[place_of(name)];
  std::vector<at::Tensor> rows;
  for (const auto& points : group.landmarks) {
    if (points.empty() || points.size() != group.landmarks.front().size())
      throw Error(fmt::format("the views \"{}\" carry no landmarks", name));
    rows.push_back(torch::tensor(points).view({-1, 2}));
  }
  return at::stack(rows).view({group.bytes.size(0), group.bytes.size(1), -1, 2});
}

at::Tensor DrawnBatch::labels() const {
  std::vector<int64_t> labels;
  for (const Sample& sample : samples_) labels.push_back(sample.identity);
  return torch::tensor(labels);
}

at::Tensor DrawnBatch::positions() const { return torch::tensor(positions_); }

at::Tensor DrawnBatch::indices() const {
  std::vector<int64_t> indices;
  for (const Sample& sample : samples_) indices.push_back(sample.index);
  return torch::tensor(indices);
}

Image DrawnBatch::view(size_t group, int64_t index, int64_t row) const {
  const at::Tensor view = groups_[group].bytes[index][row];
  const uint8_t* bytes = view.data_ptr<uint8_t>();
  return imaging::image_of(view.size(0), view.size(1), {bytes, bytes + view.numel()});
}

const std::vector<float>& DrawnBatch::landmarks_of(size_t group, int64_t index, int64_t row) const {
  return groups_[group].landmarks[static_cast<size_t>(index * groups_[group].bytes.size(1) + row)];
}

}  // namespace lafs
