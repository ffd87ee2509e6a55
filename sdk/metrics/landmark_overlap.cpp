#include "metrics/landmark_overlap.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "lafs/error.h"
#include "metrics/verification.h"

namespace lafs::metrics {
namespace {

/// Pixels [from, past) of a row or column; empty where past is not beyond from.
struct Stretch {
  double from = 0, past = 0;
};

/// The upper end leaves the last pixel out, as the reference does.
Stretch stretch(double at, int64_t patch, int64_t side) {
  const double centre = std::nearbyint(at), half = std::floor(static_cast<double>(patch) * 0.5);
  return {std::max(0.0, centre - half), std::min(static_cast<double>(side - 1), centre + half)};
}

double common(Stretch a, Stretch b) { return std::max(0.0, std::min(a.past, b.past) - std::max(a.from, b.from)); }

}  // namespace

std::vector<LandmarkOverlap> landmark_overlaps(std::span<const double> points, int64_t patch, int64_t side) {
  const size_t count = points.size() / 2;
  if (count < 2) throw Error(fmt::format("{} landmarks have no nearest other: at least 2 are needed", count));
  for (size_t i = 0; i < points.size(); ++i)
    if (!std::isfinite(points[i])) throw Error(fmt::format("landmark {} is not finite", i / 2));
  std::vector<LandmarkOverlap> out(count);
  bool apart = false;
  const double area = static_cast<double>(patch) * static_cast<double>(patch);
  for (size_t i = 0; i < count; ++i) {
    double nearest = 9999;
    for (size_t j = 0; j < count; ++j) {
      const double distance = std::hypot(points[2 * j] - points[2 * i], points[2 * j + 1] - points[2 * i + 1]);
      apart = apart || distance != 0;
      if (distance == 0 || distance >= nearest) continue;
      nearest = distance;
      out[i].nearest = static_cast<int64_t>(j);
      out[i].distance = distance;
    }
    if (out[i].nearest < 0) continue;
    const auto j = static_cast<size_t>(out[i].nearest);
    out[i].overlap = common(stretch(points[2 * i], patch, side), stretch(points[2 * j], patch, side)) *
                     common(stretch(points[2 * i + 1], patch, side), stretch(points[2 * j + 1], patch, side)) / area;
  }
  if (!apart)
    for (LandmarkOverlap& one : out) one.overlap = 1;
  return out;
}

OverlapOfSet overlap_of_set(std::span<const double> points, int64_t landmarks, int64_t patch, int64_t side) {
  const auto numbers = static_cast<size_t>(2 * landmarks);
  OverlapOfSet out;
  for (size_t at = 0; at + numbers <= points.size(); at += numbers) {
    double sum = 0;
    for (const LandmarkOverlap& one : landmark_overlaps(points.subspan(at, numbers), patch, side)) sum += one.overlap;
    out.of_picture.push_back(sum / static_cast<double>(landmarks));
  }
  return overlap_of_means(std::move(out.of_picture));
}

OverlapOfSet overlap_of_means(std::vector<double> of_picture) {
  if (of_picture.empty()) throw Error("there are no landmarks");
  OverlapOfSet out{std::move(of_picture), 0, 0};
  out.mean = mean(out.of_picture);
  const double deviation = population_std(out.of_picture);
  out.variance = deviation * deviation;
  return out;
}

}  // namespace lafs::metrics
