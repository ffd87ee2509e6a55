#include "imaging/canvas.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "imaging/planes_simd.h"

namespace lafs::imaging {

namespace {

constexpr int64_t padded(int64_t size) { return (size + 15) / 16 * 16; }

/// Weights times 2^22, halves away from zero.
int32_t fixed_point(double weight) { return static_cast<int32_t>(weight * (1 << 22) + (weight < 0 ? -0.5 : 0.5)); }

}  // namespace

float gaussian_box_radius(float radius) {
  // Every named value is rounded to single precision in between, as Pillow's are.
  const float variance = radius * radius / 3;
  const auto length = static_cast<float>(std::sqrt(12.0 * static_cast<double>(variance) + 1.0));
  const auto whole = static_cast<float>(std::floor((static_cast<double>(length) - 1.0) / 2.0));
  float part = (2 * whole + 1) * (whole * (whole + 1) - 3 * variance);
  part /= 6 * (variance - (whole + 1) * (whole + 1));
  return whole + part;
}

uint8_t* Canvas::Buffer::at_least(int64_t size) {
  if (size > size_) {
    bytes_ = std::make_unique_for_overwrite<uint8_t[]>(static_cast<size_t>(size));
    size_ = size;
  }
  return bytes_.get();
}

void Canvas::set_size(int64_t height, int64_t width) {
  height_ = height;
  width_ = width;
  stride_ = padded(width);
  plane_bytes_ = padded(height) * stride_;
  planes_.at_least(3 * plane_bytes_);
}

void Canvas::make_windows(ResampleFilter filter, int64_t in, int64_t out, Windows& windows) {
  const double scale = static_cast<double>(in) / static_cast<double>(out), stretch = std::max(1.0, scale), per_stretch = 1 / stretch;
  const double support = (filter == ResampleFilter::triangle ? 1 : 2) * stretch;
  windows.taps = 2 * static_cast<int64_t>(std::ceil(support)) + 1;
  windows.first.resize(static_cast<size_t>(out));
  windows.count.resize(static_cast<size_t>(out));
  windows.weights.resize(static_cast<size_t>(out * windows.taps));
  std::vector<double> exact(static_cast<size_t>(windows.taps));
  for (int64_t i = 0; i < out; ++i) {
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    const auto first = std::max<int64_t>(0, static_cast<int64_t>(centre - support + 0.5));
    const auto last = std::min<int64_t>(in, static_cast<int64_t>(centre + support + 0.5));
    double sum = 0;
    for (int64_t k = first; k < last; ++k) {
      sum += exact[static_cast<size_t>(k - first)] = filter_at(filter, (static_cast<double>(k) - centre + 0.5) * per_stretch);
    }
    int32_t* weights = windows.weights.data() + i * windows.taps;
    for (int64_t k = 0; k < last - first; ++k) weights[k] = fixed_point(exact[static_cast<size_t>(k)] / sum);
    windows.first[static_cast<size_t>(i)] = static_cast<int32_t>(first);
    windows.count[static_cast<size_t>(i)] = static_cast<int32_t>(last - first);
  }
}

void Canvas::crop_resize(const Image& image, const Box& box, ResampleFilter filter, int64_t height, int64_t width, bool mirrored) {
  set_size(height, width);
  const bool across = box.width != width, down = box.height != height;
  if (across) make_windows(filter, box.width, width, columns_);
  if (down) make_windows(filter, box.height, height, rows_);
  const int64_t crop_stride = padded(box.width), crop_rows = padded(box.height), crop_bytes = crop_stride * crop_rows;
  uint8_t* crop = source_.at_least(3 * crop_bytes);
  for (int64_t y = 0; y < box.height; ++y) {
    uint8_t* r = crop + y * crop_stride;
    planes::split(image.row(box.top + y) + box.left * 3, box.width, r, r + crop_bytes, r + 2 * crop_bytes);
  }
  uint8_t* turned = turned_.at_least(std::max(crop_bytes, stride_ * crop_rows));
  uint8_t* passed = passed_.at_least(stride_ * crop_rows);
  for (int64_t c = 0; c < 3; ++c) {
    const uint8_t* from = crop + c * crop_bytes;
    if (across) {
      // Along a row the neighbours of a vector's lanes are its own lanes; turned, every pass is a sum of whole rows.
      planes::transpose(from, crop_stride, crop_rows, crop_stride, turned, crop_rows);
      for (int64_t x = 0; x < width; ++x) {
        const auto i = static_cast<size_t>(x);
        uint8_t* to = passed + (mirrored ? width - 1 - x : x) * crop_rows;
        planes::weigh_rows(turned + columns_.first[i] * crop_rows, crop_rows, crop_rows,
                           &columns_.weights[i * static_cast<size_t>(columns_.taps)], columns_.count[i], to);
      }
      uint8_t* back = down ? turned : plane(c);
      planes::transpose(passed, crop_rows, stride_, crop_rows, back, stride_);
      from = back;
    }
    if (down) {
      for (int64_t y = 0; y < height; ++y) {
        const auto i = static_cast<size_t>(y);
        planes::weigh_rows(from + rows_.first[i] * stride_, stride_, stride_, &rows_.weights[i * static_cast<size_t>(rows_.taps)],
                           rows_.count[i], plane(c) + y * stride_);
      }
    } else if (!across) {
      std::memcpy(plane(c), from, static_cast<size_t>(plane_bytes_));
    }
  }
  if (mirrored && !across) mirror();
}

void Canvas::load(const Image& image) {
  crop_resize(image, {0, 0, image.height, image.width}, ResampleFilter::cubic, image.height, image.width);
}

void Canvas::store(std::span<uint8_t> rgb) const {
  if (stride_ == width_) return planes::join(plane(0), plane(1), plane(2), height_ * width_, rgb.data());
  for (int64_t y = 0; y < height_; ++y) {
    const int64_t at = y * stride_;
    planes::join(plane(0) + at, plane(1) + at, plane(2) + at, width_, rgb.data() + y * width_ * 3);
  }
}

void Canvas::mirror() {
  for (int64_t c = 0; c < 3; ++c) {
    for (int64_t y = 0; y < height_; ++y) std::reverse(plane(c) + y * stride_, plane(c) + y * stride_ + width_);
  }
}

void Canvas::brightness(double factor) { planes::blend_constant(plane(0), 3 * plane_bytes_, static_cast<float>(factor), 0); }

void Canvas::contrast(double factor) {
  int64_t sum = 0;
  for (int64_t y = 0; y < height_; ++y)
    sum += planes::luma_sum(plane(0) + y * stride_, plane(1) + y * stride_, plane(2) + y * stride_, width_);
  const auto mean = static_cast<float>(std::floor(static_cast<double>(sum) / static_cast<double>(height_ * width_) + 0.5));
  planes::blend_constant(plane(0), 3 * plane_bytes_, static_cast<float>(factor), mean);
}

void Canvas::saturation(double factor) { planes::blend_luma(plane(0), plane(1), plane(2), plane_bytes_, static_cast<float>(factor)); }

void Canvas::hue(double shift) { planes::turn_hue(plane(0), plane(1), plane(2), plane_bytes_, static_cast<int32_t>(shift * 255)); }

void Canvas::grey() {
  planes::luma(plane(0), plane(1), plane(2), plane_bytes_, plane(0));
  for (int64_t c = 1; c < 3; ++c) std::memcpy(plane(c), plane(0), static_cast<size_t>(plane_bytes_));
}

void Canvas::blur(double radius) {
  const float box = gaussian_box_radius(static_cast<float>(radius));
  const auto whole = static_cast<int64_t>(box);
  const auto inner = static_cast<uint32_t>(static_cast<float>(1 << 24) / (box * 2 + 1));
  const uint32_t edge = ((1u << 24) - (2 * static_cast<uint32_t>(whole) + 1) * inner) / 2;
  const int64_t turned_stride = padded(height_);
  uint8_t *one = turned_.at_least(plane_bytes_), *other = passed_.at_least(plane_bytes_);
  for (int64_t c = 0; c < 3; ++c) {
    planes::transpose(plane(c), stride_, turned_stride, stride_, one, turned_stride);
    planes::box_rows(one, turned_stride, width_, whole, inner, edge, other);
    planes::box_rows(other, turned_stride, width_, whole, inner, edge, one);
    planes::box_rows(one, turned_stride, width_, whole, inner, edge, other);
    planes::transpose(other, turned_stride, stride_, turned_stride, one, stride_);
    planes::box_rows(one, stride_, height_, whole, inner, edge, other);
    planes::box_rows(other, stride_, height_, whole, inner, edge, one);
    planes::box_rows(one, stride_, height_, whole, inner, edge, plane(c));
  }
}

void Canvas::solarise(int64_t threshold) { planes::solarise(plane(0), 3 * plane_bytes_, threshold); }

}  // namespace lafs::imaging
