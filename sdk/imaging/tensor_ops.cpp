#include "imaging/tensor_ops.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "imaging/planes_simd.h"
#include "imaging/tensor_simd.h"

namespace lafs::imaging {

namespace {

/// One output row or column: two inputs and their weights.
struct Tap {
  int64_t first, second;
  float w0, w1;
};

std::vector<Tap> bilinear_taps(int64_t in, int64_t out) {
  std::vector<Tap> taps(static_cast<size_t>(out));
  const float scale = static_cast<float>(in) / static_cast<float>(out);
  for (int64_t i = 0; i < out; ++i) {
    const float at = std::max(0.0f, scale * (static_cast<float>(i) + 0.5f) - 0.5f);
    const int64_t first = std::min(static_cast<int64_t>(at), in - 1);
    const float w1 = std::clamp(at - static_cast<float>(first), 0.0f, 1.0f);
    taps[static_cast<size_t>(i)] = {first, std::min(first + 1, in - 1), 1.0f - w1, w1};
  }
  return taps;
}

/// Takes one input column for every output column from a row. Where five neighbouring outputs need at most 16 bytes of input, as they do
/// unless the row is made smaller, it works in groups of five, the last of which ends with the row.
class Columns {
 public:
  Columns(const std::vector<Tap>& taps, int64_t Tap::* column, int64_t row_bytes) {
    bytes_.reserve(taps.size());
    for (const Tap& tap : taps) bytes_.push_back(tap.*column * 3);
    const auto width = static_cast<int64_t>(bytes_.size());
    if (width < group || row_bytes < 16) return;
    places_.reserve(static_cast<size_t>(width / group + 1) * 16);
    for (int64_t at = 0; at < width; at += group) {
      if (add(std::min(at, width - group), row_bytes)) continue;
      from_.clear();
      return;
    }
  }

  /// Writes a value more than 3 for each column.
  void take(const uint8_t* row, float* out) const {
    if (!from_.empty()) {
      return planes::gather_columns(row, {from_.data(), to_.data(), places_.data(), static_cast<int64_t>(from_.size())}, out);
    }
    for (const int64_t byte : bytes_) {
      for (int64_t c = 0; c < 3; ++c) *out++ = static_cast<float>(row[byte + c]);
    }
  }

 private:
  static constexpr int64_t group = 5;

  /// The group that begins with output column `first`; false where it needs more than 16 bytes of input.
  bool add(int64_t first, int64_t row_bytes) {
    const int64_t* bytes = bytes_.data() + first;
    const auto [lowest, highest] = std::minmax_element(bytes, bytes + group);
    const int64_t from = std::min(*lowest, row_bytes - 16);
    if (*highest + 2 - from > 15) return false;
    from_.push_back(static_cast<int32_t>(from));
    to_.push_back(static_cast<int32_t>(first * 3));
    for (int64_t i = 0; i < group; ++i) {
      for (int64_t c = 0; c < 3; ++c) places_.push_back(static_cast<uint8_t>(bytes[i] + c - from));
    }
    places_.push_back(0);
    return true;
  }

  std::vector<int64_t> bytes_;
  std::vector<int32_t> from_, to_;
  std::vector<uint8_t> places_;
};

/// Rows of a picture with the values of each output's left and right column side by side. Holds the last even and the last odd row, enough
/// for two neighbours.
class ColumnsOfRows {
 public:
  /// Columns count from the picture's left side.
  ColumnsOfRows(const Image& image, const std::vector<Tap>& columns, size_t padded)
      : image_(image),
        left_(columns, &Tap::first, image.width * 3),
        right_(columns, &Tap::second, image.width * 3),
        padded_(padded),
        values_(4 * padded) {}

  /// Left values; the right ones follow after the padding. Valid until the next call with a row of the same parity.
  const float* row(int64_t y) {
    float* out = values_.data() + (y % 2 ? 2 * padded_ : 0);
    if (held_[y % 2] == y) return out;
    held_[y % 2] = y;
    left_.take(image_.row(y), out);
    right_.take(image_.row(y), out + padded_);
    return out;
  }

 private:
  const Image& image_;
  Columns left_, right_;
  size_t padded_;
  std::vector<float> values_;
  std::array<int64_t, 2> held_{-1, -1};
};

/// Columns of a box, counted in the picture: from its left side, or from its right side where it is mirrored.
std::vector<Tap> columns_of(const Image& image, const Box& box, int64_t width, bool mirrored) {
  std::vector<Tap> columns = bilinear_taps(box.width, width);
  for (Tap& column : columns) {
    for (int64_t* place : {&column.first, &column.second}) {
      *place += box.left;
      if (mirrored) *place = image.width - 1 - *place;
    }
  }
  return columns;
}

}  // namespace

void adjust_brightness(std::span<uint8_t> rgb, double factor) {
  planes::blend_plus(rgb.data(), static_cast<int64_t>(rgb.size()), static_cast<float>(factor), 0);
}

void adjust_contrast(std::span<uint8_t> rgb, double factor) {
  const auto pixels = static_cast<int64_t>(rgb.size() / 3);
  const float mean = static_cast<float>(planes::grey_sum(rgb.data(), pixels)) / static_cast<float>(pixels);
  const float rest = static_cast<float>(1.0 - factor);
  planes::blend_plus(rgb.data(), static_cast<int64_t>(rgb.size()), static_cast<float>(factor), rest * mean);
}

void adjust_saturation(std::span<uint8_t> rgb, double factor) {
  planes::blend_grey(rgb.data(), static_cast<int64_t>(rgb.size() / 3), static_cast<float>(factor), static_cast<float>(1.0 - factor));
}

void adjust_hue(std::span<uint8_t> rgb, double shift, HueRule rule) {
  const float scale = rule == HueRule::times_255 ? 255.0f : 255.999f;
  planes::turn_float_hue(rgb.data(), static_cast<int64_t>(rgb.size() / 3), static_cast<float>(shift), scale);
}

void erase(std::span<uint8_t> rgb, int64_t width, const Box& box, uint8_t value) {
  for (int64_t y = box.top; y < box.top + box.height; ++y) std::fill_n(rgb.data() + (y * width + box.left) * 3, box.width * 3, value);
}

void mirror(std::span<uint8_t> rgb, int64_t width) {
  const auto row_bytes = static_cast<size_t>(width) * 3;
  std::vector<uint8_t> line(row_bytes);
  for (size_t row = 0; row + row_bytes <= rgb.size(); row += row_bytes) {
    planes::mirror_row(rgb.data() + row, width, line.data());
    std::copy_n(line.data(), row_bytes, rgb.data() + row);
  }
}

void mirror(const Image& image, std::span<uint8_t> out) {
  for (int64_t y = 0; y < image.height; ++y) planes::mirror_row(image.row(y), image.width, out.data() + y * image.width * 3);
}

void crop_resize_bilinear(const Image& image, const Box& box, int64_t height, int64_t width, std::span<uint8_t> out, bool mirrored) {
  const std::vector<Tap> rows = bilinear_taps(box.height, height), columns = columns_of(image, box, width, mirrored);
  // A byte more than the row at least: groups of columns write one beyond it.
  const auto size = static_cast<size_t>(width) * 3, padded = size / 16 * 16 + 16;
  std::vector<float> left(padded), right(padded);
  for (size_t i = 0; i < size; ++i) {
    left[i] = columns[i / 3].w0;
    right[i] = columns[i / 3].w1;
  }
  ColumnsOfRows taken(image, columns, padded);
  std::vector<uint8_t> line(padded);
  uint8_t* to = out.data();
  for (const Tap& y : rows) {
    const float *upper = taken.row(box.top + y.first), *lower = taken.row(box.top + y.second);
    planes::bilinear_row({upper, upper + padded, lower, lower + padded}, y.w0, y.w1, left.data(), right.data(),
                         static_cast<int64_t>(padded), line.data());
    to = std::copy_n(line.data(), size, to);
  }
}

}  // namespace lafs::imaging
