#include "runner/data/pixels.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <utility>
#include <vector>

#include "imaging/decode.h"
#include "imaging/resize.h"
#include "lafs/error.h"

namespace lafs {

namespace {

using Tables = std::array<std::array<float, 256>, 3>;

/// Scaled value of each byte, by output channel: the rounding of the plain expression at the price of a look-up.
Tables tables(const InputContract& input) {
  Tables out;
  for (size_t c = 0; c < 3; ++c) {
    for (size_t v = 0; v < 256; ++v) {
      const float unit = static_cast<float>(v) / 255.0f;
      const float centred = unit - static_cast<float>(input.mean[c]);
      out[c][v] = centred / static_cast<float>(input.std[c]);
    }
  }
  return out;
}

at::Tensor scaled_here(const at::Tensor& bytes, const InputContract& input) {
  auto shape = bytes.sizes().vec();
  const int64_t area = shape[shape.size() - 3] * shape[shape.size() - 2];
  shape.pop_back();
  shape.insert(shape.end() - 2, 3);
  at::Tensor out = at::empty(shape, at::kFloat);
  const Tables table = tables(input);
  const bool bgr = input.colour == "bgr";
  const uint8_t* from = bytes.data_ptr<uint8_t>();
  float* to = out.data_ptr<float>();
  const int64_t pictures = area == 0 ? 0 : bytes.numel() / (area * 3);
  at::parallel_for(0, pictures, 1, [&](int64_t first, int64_t last) {
    for (int64_t picture = first; picture < last; ++picture) {
      for (int64_t c = 0; c < 3; ++c) {
        const uint8_t* in = from + picture * area * 3 + (bgr ? 2 - c : c);
        float* plane = to + (picture * 3 + c) * area;
        const float* values = table[static_cast<size_t>(c)].data();
        for (int64_t i = 0; i < area; ++i) plane[i] = values[in[i * 3]];
      }
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
  if (image.height == input.height && image.width == input.width) return image;
  const Kernel kernel = input.interpolation == "bicubic" ? Kernel::cubic : Kernel::triangle;
  std::vector<uint8_t> bytes(static_cast<size_t>(input.height * input.width * Image::channels));
  resize(image, kernel, input.height, input.width, bytes);
  return image_of(input.height, input.width, std::move(bytes));
}

}  // namespace lafs
