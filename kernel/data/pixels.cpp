#include "kernel/data/pixels.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <vector>

#include "imaging/planes_simd.h"
#include "imaging/resize.h"
#include "lafs/error.h"

namespace lafs {

namespace {

at::Tensor scaled_here(const at::Tensor& bytes, const InputContract& input) {
  auto shape = bytes.sizes().vec();
  const int64_t area = shape[shape.size() - 3] * shape[shape.size() - 2];
  shape.pop_back();
  shape.insert(shape.end() - 2, 3);
  at::Tensor out = at::empty(shape, at::kFloat);
  const bool bgr = input.colour == "bgr";
  const auto scale = [&](size_t c) { return imaging::planes::Scale{static_cast<float>(input.mean[c]), static_cast<float>(input.std[c])}; };
  const imaging::planes::Scale scales[3] = {scale(bgr ? 2 : 0), scale(1), scale(bgr ? 0 : 2)};
  const uint8_t* from = bytes.data_ptr<uint8_t>();
  float* to = out.data_ptr<float>();
  const int64_t pictures = area == 0 ? 0 : bytes.numel() / (area * 3);
  at::parallel_for(0, pictures, 1, [&](int64_t first, int64_t last) {
    for (int64_t picture = first; picture < last; ++picture) {
      float* plane = to + picture * 3 * area;
      imaging::planes::scale(from + picture * area * 3, area, scales,
                             {plane + (bgr ? 2 : 0) * area, plane + area, plane + (bgr ? 0 : 2) * area});
    }
  });
  return out;
}

at::Tensor scaled_there(const at::Tensor& bytes, const InputContract& input) {
  const auto row = [&](const std::array<double, 3>& values) {
    at::Tensor numbers = at::empty({3, 1, 1}, at::kFloat);
    for (size_t c = 0; c < 3; ++c) numbers.data_ptr<float>()[c] = static_cast<float>(values[c]);
    return numbers.to(bytes.device());
  };
  at::Tensor planes = bytes.movedim(-1, -3);
  if (input.colour == "bgr") planes = planes.flip({-3});
  // A divisor that is a scalar would become a multiplication with its reciprocal on some devices, with other bits.
  const at::Tensor levels = at::full({1}, 255.0, bytes.options().dtype(at::kFloat));
  return planes.to(at::kFloat).div(levels).sub_(row(input.mean)).div_(row(input.std)).contiguous();
}

/// The picture with its content so many columns further right and rows further down, black where nothing came from.
Image moved(const Image& image, int64_t right, int64_t down) {
  const std::shared_ptr<uint8_t[]> bytes(new uint8_t[static_cast<size_t>(image.size())]());
  const int64_t columns = std::max<int64_t>(image.width - std::abs(right), 0), from = std::max<int64_t>(-right, 0),
                to = std::max<int64_t>(right, 0);
  for (int64_t y = std::max<int64_t>(down, 0); y < std::min(image.height + down, image.height); ++y) {
    std::copy_n(image.row(y - down) + from * Image::channels, columns * Image::channels,
                bytes.get() + (y * image.width + to) * Image::channels);
  }
  return {image.height, image.width, {bytes, bytes.get()}};
}

}  // namespace

at::Tensor to_network(const at::Tensor& bytes, const InputContract& input, at::Device device) {
  if (bytes.scalar_type() != at::kByte || bytes.dim() < 3 || bytes.size(-1) != 3) {
    throw Error(
        fmt::format("pictures must be uint8 [...,H,W,3], not {} [{}]", c10::toString(bytes.scalar_type()), fmt::join(bytes.sizes(), ",")));
  }
  if (bytes.is_cpu() && device.is_cpu()) return scaled_here(bytes.contiguous(), input);
  return scaled_there(bytes.to(device, /*non_blocking=*/true), input);
}

at::Tensor mirrored(const at::Tensor& images) { return images.flip({-1}); }

Image fitted(const Image& image, const InputContract& input) {
  const Image sized = imaging::resized(image, imaging::filter_of(input.interpolation), input.height, input.width);
  return input.shift == std::vector<int64_t>{0, 0} ? sized : moved(sized, input.shift[0], input.shift[1]);
}

}  // namespace lafs
