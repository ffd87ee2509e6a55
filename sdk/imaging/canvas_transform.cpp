// What RandAugment does on a canvas: geometry, tables and sharpness.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

#include "imaging/canvas.h"
#include "imaging/planes_simd.h"
#include "imaging/transform_simd.h"

namespace lafs::imaging {

namespace {

// A bicubic value has neighbours two pixels beyond the border; a vector reads a few more.
constexpr int64_t reach = 2, slack = 16;

/// Where the pixels of a row come from, and which of them, [begin, end), from inside a picture of height x width.
struct RowPlaces {
  std::vector<double> x, y;
  std::vector<int32_t> column, row;
  int64_t begin = 0, end = 0;

  explicit RowPlaces(int64_t width) {
    const auto size = static_cast<size_t>(width + slack);
    x.resize(size);
    y.resize(size);
    column.resize(size);
    row.resize(size);
  }

  void find(const std::array<double, 6>& back, int64_t of_row, int64_t height, int64_t width) {
    planes::transform_places(back, of_row, width, x.data(), y.data());
    const auto inside = [&](int64_t i) {
      const double at_x = x[static_cast<size_t>(i)], at_y = y[static_cast<size_t>(i)];
      return at_x >= 0 && at_x < static_cast<double>(width) && at_y >= 0 && at_y < static_cast<double>(height);
    };
    // Coordinates only grow or only fall along a row: what lies inside is one piece of it.
    begin = 0;
    end = width;
    while (begin < end && !inside(begin)) ++begin;
    while (end > begin && !inside(end - 1)) --end;
    planes::split_places(x.data() + begin, end - begin, column.data() + begin);
    planes::split_places(y.data() + begin, end - begin, row.data() + begin);
  }

  /// The end of the run from `i` on: places in one row, each a column further than the one before.
  int64_t run_from(int64_t i) const {
    const int32_t in_row = row[static_cast<size_t>(i)], behind = column[static_cast<size_t>(i)] - static_cast<int32_t>(i);
    while (++i < end && row[static_cast<size_t>(i)] == in_row && column[static_cast<size_t>(i)] - static_cast<int32_t>(i) == behind) {
    }
    return i;
  }
};

}  // namespace

void Canvas::widen(int64_t stride, uint8_t* wide) const {
  for (int64_t y = -reach; y < height_ + reach; ++y, wide += stride) {
    for (int64_t c = 0; c < 3; ++c) {
      const uint8_t* from = plane(c) + std::clamp<int64_t>(y, 0, height_ - 1) * stride_;
      uint8_t* to = wide + c * stride * (height_ + 2 * reach);
      std::memset(to, from[0], reach);
      std::memcpy(to + reach, from, static_cast<size_t>(width_));
      std::memset(to + reach + width_, from[width_ - 1], static_cast<size_t>(stride - reach - width_));
    }
  }
}

void Canvas::transform(const std::array<double, 6>& back, TransformFilter filter, uint8_t fill) {
  const int64_t stride = width_ + 2 * reach + slack, plane_size = stride * (height_ + 2 * reach);
  uint8_t *wide = source_.at_least(3 * plane_size + slack), *line = passed_.at_least(width_ + slack);
  widen(stride, wide);
  // Rests that are 0 for every pixel add nothing, not even a rounding: shears and shifts work along one axis.
  const bool across = back[0] != 1 || back[1] != 0 || back[2] != 0, down = back[3] != 0 || back[4] != 1 || back[5] != 0;
  const int64_t corner = filter == TransformFilter::bicubic ? reach - 1 : reach;
  RowPlaces places(width_);
  for (int64_t y = 0; y < height_; ++y) {
    places.find(back, y, height_, width_);
    for (int64_t c = 0; c < 3; ++c) {
      for (int64_t i = places.begin; i < places.end;) {
        const int64_t end = places.run_from(i), at = (places.row[static_cast<size_t>(i)] + corner) * stride + corner;
        const planes::TransformRun run{wide + c * plane_size + at + places.column[static_cast<size_t>(i)], stride,
                                       across ? places.x.data() + i : nullptr, down ? places.y.data() + i : nullptr, end - i};
        filter == TransformFilter::bicubic ? planes::bicubic_run(run, line + i) : planes::bilinear_run(run, line + i);
        i = end;
      }
      std::memset(line, fill, static_cast<size_t>(places.begin));
      std::memset(line + places.end, fill, static_cast<size_t>(width_ - places.end));
      std::memcpy(plane(c) + y * stride_, line, static_cast<size_t>(width_));
    }
  }
}

void Canvas::sharpness(double factor) {
  uint8_t* smooth = passed_.at_least(plane_bytes_);
  for (int64_t c = 0; c < 3; ++c) {
    std::memcpy(smooth, plane(c), static_cast<size_t>(plane_bytes_));
    for (int64_t y = 1; y + 1 < height_; ++y) {
      const uint8_t* row = plane(c) + y * stride_;
      planes::smooth_row(row - stride_, row, row + stride_, width_, smooth + y * stride_);
    }
    planes::blend_bytes(plane(c), smooth, plane_bytes_, static_cast<float>(factor));
  }
}

Histograms Canvas::histograms() const {
  Histograms counts{};
  for (int64_t c = 0; c < 3; ++c) {
    // Two tables in turn: a byte that occurs twice in a row does not wait for its own count.
    std::array<std::array<uint32_t, 256>, 2> halves{};
    for (int64_t y = 0; y < height_; ++y) {
      const uint8_t* row = plane(c) + y * stride_;
      int64_t x = 0;
      for (; x + 1 < width_; x += 2) {
        ++halves[0][row[x]];
        ++halves[1][row[x + 1]];
      }
      if (x < width_) ++halves[0][row[x]];
    }
    for (size_t v = 0; v < 256; ++v) counts[static_cast<size_t>(c)][v] = int64_t{halves[0][v]} + halves[1][v];
  }
  return counts;
}

void Canvas::look_up(const Tables& tables) {
  for (int64_t c = 0; c < 3; ++c) {
    const std::array<uint8_t, 256>& table = tables[static_cast<size_t>(c)];
    uint8_t* bytes = plane(c);
    for (int64_t i = 0; i < plane_bytes_; ++i) bytes[i] = table[bytes[i]];
  }
}

}  // namespace lafs::imaging
