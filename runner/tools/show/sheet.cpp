#include "runner/tools/show/sheet.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>
#include <opencv2/imgproc.hpp>

#include "imaging/decode.h"
#include "lafs/error.h"
#include "runner/tools/show/matrix.h"

namespace lafs {

namespace {

constexpr int fraction_bits = 6;  ///< of the coordinates that OpenCV draws smooth shapes at
constexpr double fraction = 1 << fraction_bits;
constexpr double farthest = 1e12, farthest_disc = 1e6;  ///< pixels

cv::Scalar scalar(Colour colour) { return {double(colour.r), double(colour.g), double(colour.b)}; }

cv::Mat surface(int64_t height, int64_t width, std::vector<uint8_t>& bytes) {
  return {static_cast<int>(height), static_cast<int>(width), CV_8UC3, bytes.data()};
}

/// A font of OpenCV, and how far its letters reach above and below the line that they stand on.
struct Font {
  int face;
  double scale;
  int rise, drop;
};

Font font_of(Lettering lettering) {
  switch (lettering) {
    case Lettering::title:
      return {cv::FONT_HERSHEY_DUPLEX, 0.72, 19, 7};
    case Lettering::heading:
      return {cv::FONT_HERSHEY_DUPLEX, 0.48, 13, 6};
    case Lettering::caption:
      break;
  }
  return {cv::FONT_HERSHEY_SIMPLEX, 0.42, 11, 5};
}

std::string printable(std::string_view words) {
  std::string out(words);
  std::replace_if(out.begin(), out.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return out;
}

std::array<Colour, 256> heat_colours() {
  cv::Mat shares(1, 256, CV_8UC1), colours;
  for (int i = 0; i < 256; ++i) shares.at<uint8_t>(i) = static_cast<uint8_t>(i);
  cv::applyColorMap(shares, colours, cv::COLORMAP_VIRIDIS);
  std::array<Colour, 256> out;
  for (int i = 0; i < 256; ++i) {
    const auto bgr = colours.at<cv::Vec3b>(i);
    out[static_cast<size_t>(i)] = {bgr[2], bgr[1], bgr[0]};
  }
  return out;
}

}  // namespace

Colour heat(double share) {
  static const std::array<Colour, 256> colours = heat_colours();
  return colours[static_cast<size_t>(std::lround(255 * std::clamp(std::isnan(share) ? 0.0 : share, 0.0, 1.0)))];
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
  const cv::Rect_<int64_t> inside = cv::Rect_<int64_t>(x, y, width, height) & cv::Rect_<int64_t>(0, 0, width_, height_);
  if (!inside.empty()) surface(height_, width_, bytes_)(inside).setTo(scalar(colour));
}

void Sheet::picture(int64_t x, int64_t y, const Image& image, int64_t zoom) {
  const cv::Rect_<int64_t> wanted(x, y, image.width * zoom, image.height * zoom);
  const cv::Rect_<int64_t> inside = wanted & cv::Rect_<int64_t>(0, 0, width_, height_);
  if (inside.empty()) return;
  cv::Mat large;
  const auto scale = static_cast<double>(zoom);
  cv::resize(matrix_of(image), large, {}, scale, scale, cv::INTER_NEAREST);
  large(inside - cv::Point_<int64_t>(x, y)).copyTo(surface(height_, width_, bytes_)(inside));
}

void Sheet::line(double x0, double y0, double x1, double y1, Colour colour) {
  // Cut to the sheet before OpenCV's integers: a network may put a landmark anywhere.
  const auto fixed = [](double v) { return static_cast<int64_t>(std::lround(std::clamp(v, -farthest, farthest) * fraction)); };
  if (std::isnan(x0 + y0 + x1 + y1)) return;
  constexpr int64_t edge = 4 << fraction_bits;
  cv::Point2l from(fixed(x0) + edge, fixed(y0) + edge), to(fixed(x1) + edge, fixed(y1) + edge);
  const cv::Size2l size((width_ << fraction_bits) + 2 * edge, (height_ << fraction_bits) + 2 * edge);
  if (!cv::clipLine(size, from, to)) return;
  const auto point = [](cv::Point2l p) { return cv::Point(static_cast<int>(p.x - edge), static_cast<int>(p.y - edge)); };
  cv::Mat onto = surface(height_, width_, bytes_);
  cv::line(onto, point(from), point(to), scalar(colour), 1, cv::LINE_AA, fraction_bits);
}

/// Drawn eight times as large and then averaged: with smooth edges of OpenCV's own, small discs become square, and all of them larger.
void Sheet::dot(double x, double y, double radius, Colour colour) {
  constexpr int finer = 8;
  if (!(std::abs(x) < farthest_disc && std::abs(y) < farthest_disc)) return;
  const int left = static_cast<int>(std::floor(x - radius)), top = static_cast<int>(std::floor(y - radius));
  const int side = static_cast<int>(std::ceil(2 * radius)) + 2;
  const cv::Rect place(left, top, side, side), inside = place & cv::Rect(0, 0, static_cast<int>(width_), static_cast<int>(height_));
  if (inside.empty()) return;
  const auto fixed = [](double v) { return static_cast<int>(std::lround(v * fraction)); };
  // Of a pixel's eight by eight, the middle lies between the fourth and the fifth.
  const cv::Point middle(fixed((x - left + 0.5) * finer - 0.5), fixed((y - top + 0.5) * finer - 0.5));
  cv::Mat large(side * finer, side * finer, CV_8UC1, cv::Scalar(0)), covered, weight;
  cv::circle(large, middle, fixed(radius * finer), cv::Scalar(255), cv::FILLED, cv::LINE_8, fraction_bits);
  cv::resize(large, covered, place.size(), 0, 0, cv::INTER_AREA);
  covered(inside - place.tl()).convertTo(weight, CV_32FC1, 1 / 255.0);
  cv::Mat under = surface(height_, width_, bytes_)(inside);
  cv::blendLinear(cv::Mat(inside.size(), CV_8UC3, scalar(colour)), under, weight, 1 - weight, under);
}

void Sheet::disc(double x, double y, double radius, Colour colour, double rim) {
  dot(x, y, radius + 2 * rim, {0, 0, 0});
  dot(x, y, radius + rim, {255, 255, 255});
  dot(x, y, radius, colour);
}

void Sheet::text(int64_t x, int64_t y, std::string_view words, Colour colour, Lettering lettering) {
  const Font font = font_of(lettering);
  const cv::Point start(static_cast<int>(x), static_cast<int>(y) + font.rise);
  cv::Mat onto = surface(height_, width_, bytes_);
  cv::putText(onto, printable(words), start, font.face, font.scale, scalar(colour), 1, cv::LINE_AA);
}

Image Sheet::image() const { return imaging::image_of(height_, width_, bytes_); }

int64_t text_width(std::string_view words, Lettering lettering) {
  const Font font = font_of(lettering);
  int below = 0;
  return words.empty() ? 0 : cv::getTextSize(printable(words), font.face, font.scale, 1, &below).width;
}

int64_t text_height(Lettering lettering) {
  const Font font = font_of(lettering);
  return font.rise + font.drop;
}

std::string fitted_text(std::string_view words, int64_t width, Lettering lettering) {
  if (text_width(words, lettering) <= width) return std::string(words);
  for (size_t cut = 1; cut < words.size(); ++cut) {
    std::string shorter = fmt::format("..{}", words.substr(cut));
    if (text_width(shorter, lettering) <= width) return shorter;
  }
  return "";
}

}  // namespace lafs
