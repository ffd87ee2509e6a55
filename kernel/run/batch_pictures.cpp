#include "kernel/run/batch_pictures.h"

#include <algorithm>

#include <ATen/ATen.h>

#include "imaging/decode.h"
#include "kernel/data/loader.h"
#include "kernel/model/assembly.h"

namespace lafs {

Image picture_of(const Tensor& planes, const InputContract& input) {
  at::Tensor bytes = planes.detach().to(at::kDouble).clone();
  for (int64_t c = 0; c < Image::channels; ++c) {
    bytes[c].mul_(input.std[static_cast<size_t>(c)]).add_(input.mean[static_cast<size_t>(c)]);
  }
  if (input.colour == "bgr") bytes = bytes.flip({0});
  bytes = (bytes * 255).round().clamp(0, 255).to(at::kByte).permute({1, 2, 0}).contiguous();
  const uint8_t* data = bytes.data_ptr<uint8_t>();
  return imaging::image_of(bytes.size(0), bytes.size(1), {data, data + bytes.numel()});
}

BatchPictures batch_pictures(const LoadedBatch& batch, const ViewLayout& layout, const InputContract& input, int64_t step, int64_t most) {
  const int64_t rows = std::min(batch.size(), most);
  BatchPictures pictures{step, {batch.keys.begin(), batch.keys.begin() + rows}, {}};
  for (const ViewGroup& group : layout) {
    const at::Tensor views = batch.views(group.name).narrow(1, 0, rows).to(at::kCPU);  // [V,rows,3,H,W]
    for (int64_t v = 0; v < group.count; ++v) {
      ViewPictures& view = pictures.views.emplace_back(ViewPictures{group.name, {}});
      for (int64_t row = 0; row < rows; ++row) view.images.push_back(picture_of(views[v][row], input));
    }
  }
  return pictures;
}

std::shared_ptr<LoadedBatch> FirstBatch::shown(std::shared_ptr<LoadedBatch> batch, RecipeAssembly& assembly, int64_t step) {
  if (done_ || listeners_.empty()) return batch;
  done_ = true;
  const BatchPictures pictures = batch_pictures(*batch, assembly.augmentation()->layout(), input_, step, most);
  for (RunListener* listener : listeners_) listener->first_batch(pictures);
  return batch;
}

}  // namespace lafs
