#include "runner/tools/show/drawn_batch.h"

#include <algorithm>

#include <fmt/format.h>
#include <torch/types.h>

#include "imaging/decode.h"
#include "kernel/data/pixels.h"
#include "lafs/error.h"

namespace lafs {

DrawnBatch::DrawnBatch(const DataSource& source, const Augmentation& augmentation, const InputContract& input, const Sampler& sampler,
                       int64_t micro, int64_t rows)
    : rows_(augmentation.layout(), rows), input_(input) {
  for (int64_t row = 0; row < rows; ++row) {
    samples_.push_back(rows_.fill(source, augmentation, sampler, micro, row));
    positions_.push_back(sampler.position(micro, row));
  }
}

size_t DrawnBatch::place_of(std::string_view name) const {
  const ViewLayout& layout = rows_.layout();
  for (size_t g = 0; g < layout.size(); ++g) {
    if (layout[g].name == name) return g;
  }
  throw Error(fmt::format("the batch has no views \"{}\"", name));
}

bool DrawnBatch::has(std::string_view name) const {
  const ViewLayout& layout = rows_.layout();
  return std::any_of(layout.begin(), layout.end(), [&](const ViewGroup& group) { return group.name == name; });
}

at::Tensor DrawnBatch::views(std::string_view group) const { return to_network(rows_.images(place_of(group)), input_, at::kCPU); }

at::Tensor DrawnBatch::landmarks(std::string_view name) const {
  at::Tensor found = rows_.landmarks(place_of(name));
  if (!found.defined()) throw Error(fmt::format("the views \"{}\" carry no landmarks", name));
  return found;
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
  const at::Tensor view = rows_.images(group)[index][row];
  const uint8_t* bytes = view.data_ptr<uint8_t>();
  return imaging::image_of(view.size(0), view.size(1), {bytes, bytes + view.numel()});
}

}  // namespace lafs
