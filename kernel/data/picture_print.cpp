#include "kernel/data/picture_print.h"

#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace lafs {

namespace {

/// Which of the pixels of a side a cell covers, and how much of each.
struct Cover {
  int64_t first = 0;
  std::vector<float> shares;  ///< sum 1
};

std::vector<Cover> covers(int64_t pixels, int64_t cells) {
  std::vector<Cover> out(static_cast<size_t>(cells));
  const double wide = static_cast<double>(pixels) / static_cast<double>(cells);
  for (int64_t cell = 0; cell < cells; ++cell) {
    const double begin = static_cast<double>(cell) * wide, end = begin + wide;
    Cover& cover = out[static_cast<size_t>(cell)];
    cover.first = std::min(static_cast<int64_t>(begin), pixels - 1);
    for (int64_t pixel = cover.first; pixel < pixels && static_cast<double>(pixel) < end; ++pixel) {
      const double part = std::min(end, static_cast<double>(pixel + 1)) - std::max(begin, static_cast<double>(pixel));
      cover.shares.push_back(static_cast<float>(std::max(part, 0.0) / wide));
    }
  }
  return out;
}

constexpr int64_t cells = 32;

/// Row f is the cosine of frequency f.
const std::array<std::array<float, cells>, PicturePrint::side>& cosines() {
  static const auto table = [] {
    std::array<std::array<float, cells>, PicturePrint::side> rows{};
    for (size_t f = 0; f < rows.size(); ++f) {
      for (size_t x = 0; x < cells; ++x) {
        const double angle = std::numbers::pi * static_cast<double>(f) * (static_cast<double>(x) + 0.5) / cells;
        rows[f][x] = static_cast<float>(std::cos(angle) * std::sqrt((f == 0 ? 1.0 : 2.0) / cells));
      }
    }
    return rows;
  }();
  return table;
}

/// [side, side] of an orthonormal cosine transform, rows of vertical frequencies; the mean is 0.
std::array<float, PicturePrint::side * PicturePrint::side> lowest_frequencies(const std::vector<float>& grey) {
  constexpr size_t n = PicturePrint::side;
  std::array<std::array<float, cells>, n> half{};  // [vertical frequency, column]
  std::array<float, n * n> out{};
  for (size_t f = 0; f < n; ++f) {
    for (size_t y = 0; y < cells; ++y) {
      const float weight = cosines()[f][y];
      for (size_t x = 0; x < cells; ++x) half[f][x] += weight * grey[y * cells + x];
    }
    for (size_t g = 0; g < n; ++g) {
      for (size_t x = 0; x < cells; ++x) out[f * n + g] += cosines()[g][x] * half[f][x];
    }
  }
  out[0] = 0;
  return out;
}

}  // namespace

std::vector<float> brightness_cells(const Image& image, int64_t side) {
  const std::vector<Cover> columns = covers(image.width, side), rows = covers(image.height, side);
  std::vector<float> line(static_cast<size_t>(image.width)), squeezed(static_cast<size_t>(side)), out(static_cast<size_t>(side * side));
  for (size_t cell = 0; cell < rows.size(); ++cell) {
    float* to = out.data() + cell * static_cast<size_t>(side);
    for (size_t part = 0; part < rows[cell].shares.size(); ++part) {
      const uint8_t* rgb = image.row(rows[cell].first + static_cast<int64_t>(part));
      for (size_t x = 0; x < line.size(); ++x) line[x] = 0.299f * rgb[3 * x] + 0.587f * rgb[3 * x + 1] + 0.114f * rgb[3 * x + 2];
      for (size_t c = 0; c < columns.size(); ++c) {
        float sum = 0;
        const float* from = line.data() + columns[c].first;
        for (size_t i = 0; i < columns[c].shares.size(); ++i) sum += columns[c].shares[i] * from[i];
        to[c] += rows[cell].shares[part] * sum;
      }
    }
  }
  return out;
}

bool PicturePrint::plain() const {
  return std::all_of(shades.begin(), shades.end(), [](int8_t shade) { return shade == 0; });
}

PicturePrint print_of(const Image& image) {
  constexpr float least_deviation = 1.5;  // levels; below, what is seen is the noise of the coding
  PicturePrint print;
  print.pixels = XXH3_64bits_withSeed(image.bytes.get(), static_cast<size_t>(image.size()), static_cast<uint64_t>(image.width));
  const auto frequencies = lowest_frequencies(brightness_cells(image, cells));
  float square = 0;
  for (const float one : frequencies) square += one * one;
  const float length = std::sqrt(square);
  if (length < least_deviation * cells) return print;
  for (size_t i = 0; i < frequencies.size(); ++i) {
    const float share = frequencies[i] / length;
    print.shades[i] = static_cast<int8_t>(std::lround(std::copysign(127 * std::sqrt(std::abs(share)), share)));
  }
  return print;
}

}  // namespace lafs
