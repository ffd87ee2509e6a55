#include "runner/tools/show/sheet.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "imaging/decode.h"
#include "lafs/error.h"
#include "runner/tools/show/glyphs.h"

namespace lafs {

namespace {

/// Linear light to 8-bit sRGB.
uint8_t encoded(double light) {
  const double value = light <= 0.0031308 ? 12.92 * light : 1.055 * std::pow(light, 1 / 2.4) - 0.055;
  return static_cast<uint8_t>(std::lround(255 * value));
}

/// OKLab with chroma and hue (degrees) as linear light.
std::array<double, 3> light_of(double lightness, double chroma, double hue) {
  const double angle = hue * std::numbers::pi / 180, a = chroma * std::cos(angle), b = chroma * std::sin(angle);
  const auto cube = [](double v) { return v * v * v; };
  const double l = cube(lightness + 0.3963377774 * a + 0.2158037573 * b);
  const double m = cube(lightness - 0.1055613458 * a - 0.0638541728 * b);
  const double s = cube(lightness - 0.0894841775 * a - 1.2914855480 * b);
  return {4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s, -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
          -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s};
}

/// The same as a colour, paler where a screen has none so strong.
Colour from_oklch(double lightness, double chroma, double hue) {
  auto light = light_of(lightness, chroma, hue);
  while (*std::min_element(light.begin(), light.end()) < 0 || *std::max_element(light.begin(), light.end()) > 1) {
    chroma *= 0.98;
    light = light_of(lightness, chroma, hue);
  }
  return {encoded(light[0]), encoded(light[1]), encoded(light[2])};
}

constexpr int64_t letter_gap = 1, letter_rows = 9;

}  // namespace

Colour heat(double share) {
  const double t = std::clamp(std::isnan(share) ? 0.0 : share, 0.0, 1.0);
  return from_oklch(0.22 + 0.70 * t, 0.09 + 0.05 * std::sin(std::numbers::pi * t), 290 - 185 * t);
}

Sheet::Sheet(int64_t width, int64_t height, Colour ground) : width_(width), height_(height) {
  constexpr int64_t most = 1 << 16;
  if (width < 1 || height < 1 || width > most || height > most) {
    throw Error(fmt::format("a sheet of {} x {} pixels cannot be drawn; {} a side at most", width, height, most));
  }
  bytes_.resize(static_cast<size_t>(width * height * Image::channels));
  fill(0, 0, width, height, ground);
}

Colour Sheet::at(int64_t x, int64_t y) const {
  const uint8_t* pixel = bytes_.data() + (y * width_ + x) * Image::channels;
  return {pixel[0], pixel[1], pixel[2]};
}

void Sheet::fill(int64_t x, int64_t y, int64_t width, int64_t height, Colour colour) {
  const int64_t left = std::max<int64_t>(x, 0), right = std::min(x + width, width_);
  for (int64_t row = std::max<int64_t>(y, 0); row < std::min(y + height, height_); ++row) {
    uint8_t* pixel = bytes_.data() + (row * width_ + left) * Image::channels;
    for (int64_t column = left; column < right; ++column) {
      *pixel++ = colour.r;
      *pixel++ = colour.g;
      *pixel++ = colour.b;
    }
  }
}

void Sheet::picture(int64_t x, int64_t y, const Image& image, int64_t zoom) {
  for (int64_t row = 0; row < image.height; ++row) {
    const uint8_t* pixel = image.row(row);
    for (int64_t column = 0; column < image.width; ++column, pixel += Image::channels) {
      fill(x + column * zoom, y + row * zoom, zoom, zoom, {pixel[0], pixel[1], pixel[2]});
    }
  }
}

void Sheet::blend(int64_t x, int64_t y, Colour colour, double share) {
  if (x < 0 || y < 0 || x >= width_ || y >= height_) return;
  uint8_t* pixel = bytes_.data() + (y * width_ + x) * Image::channels;
  const std::array<uint8_t, 3> over{colour.r, colour.g, colour.b};
  for (size_t c = 0; c < over.size(); ++c) pixel[c] = static_cast<uint8_t>(std::lround(pixel[c] + share * (over[c] - pixel[c])));
}

void Sheet::line(double x0, double y0, double x1, double y1, double width, Colour colour) {
  const double reach = width / 2 + 1, left = std::min(x0, x1) - reach, right = std::max(x0, x1) + reach;
  const double top = std::min(y0, y1) - reach, bottom = std::max(y0, y1) + reach;
  const double dx = x1 - x0, dy = y1 - y0, square = dx * dx + dy * dy;
  // Cut to the sheet: a network may say anything of where something lies.
  const auto first = [](double from) { return static_cast<int64_t>(std::ceil(std::max(from, 0.0))); };
  const auto last = [](double to, int64_t size) { return static_cast<int64_t>(std::floor(std::min(to, static_cast<double>(size - 1)))); };
  if (!(right >= 0 && bottom >= 0 && left < static_cast<double>(width_) && top < static_cast<double>(height_))) return;
  for (int64_t row = first(top); row <= last(bottom, height_); ++row) {
    for (int64_t column = first(left); column <= last(right, width_); ++column) {
      const double x = static_cast<double>(column) - x0, y = static_cast<double>(row) - y0;
      const double along = square > 0 ? std::clamp((x * dx + y * dy) / square, 0.0, 1.0) : 0;
      const double covered = std::clamp(width / 2 + 0.5 - std::hypot(x - along * dx, y - along * dy), 0.0, 1.0);
      if (covered > 0) blend(column, row, colour, covered);
    }
  }
}

void Sheet::disc(double x, double y, double radius, Colour colour, double rim) {
  line(x, y, x, y, 2 * (radius + 2 * rim), {0, 0, 0});
  line(x, y, x, y, 2 * (radius + rim), {255, 255, 255});
  line(x, y, x, y, 2 * radius, colour);
}

void Sheet::text(int64_t x, int64_t y, std::string_view words, Colour colour, int64_t size) {
  for (const char character : words) {
    const Glyph& glyph = glyph_of(character);
    for (int64_t row = 0; row < letter_rows; ++row) {
      for (int64_t column = 0; column < glyph.width; ++column) {
        if (glyph.rows[static_cast<size_t>(row)] >> (4 - column) & 1) fill(x + column * size, y + row * size, size, size, colour);
      }
    }
    x += (glyph.width + letter_gap) * size;
  }
}

Image Sheet::image() const { return imaging::image_of(height_, width_, bytes_); }

int64_t text_width(std::string_view words, int64_t size) {
  int64_t width = 0;
  for (const char character : words) width += (glyph_of(character).width + letter_gap) * size;
  return std::max<int64_t>(0, width - letter_gap * size);
}

int64_t text_height(int64_t size) { return letter_rows * size; }

std::string fitted_text(std::string_view words, int64_t width, int64_t size) {
  if (text_width(words, size) <= width) return std::string(words);
  for (size_t cut = 1; cut < words.size(); ++cut) {
    std::string shorter = fmt::format("..{}", words.substr(cut));
    if (text_width(shorter, size) <= width) return shorter;
  }
  return "";
}

}  // namespace lafs
