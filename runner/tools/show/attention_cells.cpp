#include "runner/tools/show/attention_cells.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>
#include <opencv2/imgproc.hpp>

#include "runner/tools/show/matrix.h"

namespace lafs {

namespace {

constexpr Colour kept_colour{255, 190, 40}, left_out_colour{150, 153, 160};
constexpr double share_of_colours = 0.65;  ///< where a map lies over its picture

/// Grey, with less contrast and at least as bright as `floor`, so that colours over it are seen.
cv::Mat dimmed(const Image& image, double contrast, double floor) {
  cv::Mat grey, out;
  cv::cvtColor(matrix_of(image), grey, cv::COLOR_RGB2GRAY);
  grey.convertTo(grey, -1, contrast, floor);
  cv::cvtColor(grey, out, cv::COLOR_GRAY2RGB);
  return out;
}

/// One element a patch -> every pixel that the patches cover.
cv::Mat over_patches(const cv::Mat& patches, const Image& image) {
  const int64_t side = std::min(image.height / patches.rows, image.width / patches.cols);
  cv::Mat out;
  cv::resize(patches, out, {}, static_cast<double>(side), static_cast<double>(side), cv::INTER_NEAREST);
  return out;
}

}  // namespace

Cell AttentionCells::map(const std::vector<double>& values) const {
  const double most = std::max(*std::max_element(values.begin(), values.end()), 1e-300);
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  const std::string caption = fmt::format("max {:.1f} %", 100 * most / std::max(sum, 1e-300));
  std::vector<Colour> colours;
  for (const double value : values) colours.push_back(heat(value / most));
  if (at_landmarks()) return {discs(colours, values), caption};

  cv::Mat patches(static_cast<int>(numbers_.rows), static_cast<int>(numbers_.columns), CV_8UC3);
  std::transform(colours.begin(), colours.end(), patches.begin<cv::Vec3b>(), [](Colour c) { return cv::Vec3b(c.r, c.g, c.b); });
  const Image& image = numbers_.picture.image;
  const cv::Mat over = over_patches(patches, image), grey = dimmed(image, 1, 0);
  cv::Mat out = matrix_of(image).clone(), covered = out(cv::Rect({}, over.size()));
  cv::addWeighted(over, share_of_colours, grey(cv::Rect({}, over.size())), 1 - share_of_colours, 0, covered);
  return {zoomed(image_of(out), zoom_).image(), caption};
}

Cell AttentionCells::mask(const std::vector<bool>& kept) const {
  const std::string caption = fmt::format("{} of {} tokens", std::count(kept.begin(), kept.end(), true), kept.size());
  if (at_landmarks()) {
    std::vector<Colour> colours;
    for (const bool token : kept) colours.push_back(token ? kept_colour : left_out_colour);
    return {discs(colours, {kept.begin(), kept.end()}), caption};
  }
  cv::Mat patches(static_cast<int>(numbers_.rows), static_cast<int>(numbers_.columns), CV_8UC1);
  std::transform(kept.begin(), kept.end(), patches.begin<uint8_t>(), [](bool token) { return token ? 0 : 255; });
  const Image& image = numbers_.picture.image;
  const cv::Mat left_out = over_patches(patches, image);
  cv::Mat out = matrix_of(image).clone(), covered = out(cv::Rect({}, left_out.size()));
  dimmed(image, 0.25, 175)(cv::Rect({}, left_out.size())).copyTo(covered, left_out);
  return {zoomed(image_of(out), zoom_).image(), caption};
}

/// Discs at the landmarks, those with the largest `order` on top.
Image AttentionCells::discs(const std::vector<Colour>& colours, const std::vector<double>& order) const {
  Sheet sheet = zoomed(image_of(dimmed(numbers_.picture.image, 0.55, 90)), zoom_);
  std::vector<size_t> tokens(order.size());
  std::iota(tokens.begin(), tokens.end(), size_t{0});
  std::stable_sort(tokens.begin(), tokens.end(), [&](size_t a, size_t b) { return order[a] < order[b]; });
  const double radius = std::clamp(0.2 * static_cast<double>(sheet.width()) / std::sqrt(static_cast<double>(order.size())), 1.6, 8.0);
  for (const size_t token : tokens) {
    const auto& point = numbers_.points[token];
    sheet.disc(zoomed_place(point[0], zoom_), zoomed_place(point[1], zoom_), radius, colours[token], 0.4);
  }
  return sheet.image();
}

}  // namespace lafs
