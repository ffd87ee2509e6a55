#include "metrics/roc.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace lafs::metrics {
namespace {

constexpr double before_all = std::numeric_limits<double>::infinity();

/// Second differences of both counts vanish: the point lies on a straight run.
bool is_straight(const RocPoint& a, const RocPoint& b, const RocPoint& c) {
  return c.fp - 2 * b.fp + a.fp == 0 && c.tp - 2 * b.tp + a.tp == 0;
}

/// Calls `each(point)` for every distinct score, largest first.
template <typename Each>
void for_points(const SortedScores& scores, const Each& each) {
  const std::vector<double>&genuine = scores.genuine, &impostors = scores.impostors;
  size_t g = 0, i = 0;
  while (g < genuine.size() || i < impostors.size()) {
    const bool from_impostors = g == genuine.size() || (i < impostors.size() && impostors[i] > genuine[g]);
    const double score = from_impostors ? impostors[i] : genuine[g];
    while (i < impostors.size() && impostors[i] == score) ++i;
    while (g < genuine.size() && genuine[g] == score) ++g;
    each(RocPoint{static_cast<int64_t>(i), static_cast<int64_t>(g), score});
  }
}

}  // namespace

Roc roc_curve(std::span<const double> scores, std::span<const uint8_t> genuine, Collinear collinear) {
  return roc_curve(sorted_scores(scores, genuine, 1), collinear);
}

Roc roc_curve(const SortedScores& scores, Collinear collinear) {
  Roc roc{{{0, 0, before_all}}, std::ssize(scores.genuine), std::ssize(scores.impostors)};
  // All removals are decided on the whole list: the neighbours of a point are those before any removal.
  RocPoint before, point;
  int64_t seen = 0;
  for_points(scores, [&](const RocPoint& after) {
    const bool first = seen == 1;
    if (seen > 0 && (first || collinear == Collinear::keep || !is_straight(before, point, after))) roc.points.push_back(point);
    before = std::exchange(point, after);
    ++seen;
  });
  roc.points.push_back(point);
  return roc;
}

double area(const Roc& roc) {
  double twice = 0;
  for (size_t i = 1; i < roc.points.size(); ++i) {
    const RocPoint &a = roc.points[i - 1], &b = roc.points[i];
    twice += static_cast<double>(b.fp - a.fp) * static_cast<double>(a.tp + b.tp);
  }
  return twice / (2.0 * static_cast<double>(roc.genuine) * static_cast<double>(roc.impostors));
}

double equal_error_rate(const Roc& roc) {
  for (size_t i = 1; i < roc.points.size(); ++i) {
    const double before = roc.far(i - 1) + roc.tar(i - 1) - 1, after = roc.far(i) + roc.tar(i) - 1;
    if (after < 0) continue;
    // From (0, 0), where the difference is -1, to (1, 1), where it is 1, it never falls: `after > before` here.
    return roc.far(i - 1) + (roc.far(i) - roc.far(i - 1)) * -before / (after - before);
  }
  return 1;
}

size_t nearest_point(const Roc& roc, double far_target) {
  size_t best = roc.points.size() - 1;
  for (size_t i = best; i-- > 0;)
    if (std::abs(roc.far(i) - far_target) < std::abs(roc.far(best) - far_target)) best = i;
  return best;
}

size_t point_within(const Roc& roc, double far_target) {
  size_t last = 0;
  while (last + 1 < roc.points.size() && roc.far(last + 1) <= far_target) ++last;
  return last;
}

RocPoint point_within(const SortedScores& scores, double far_target) {
  const auto impostors = static_cast<double>(scores.impostors.size());
  // The most false accepts: the rate is compared as it is reported, so a product is no more than where to start.
  auto most = static_cast<size_t>(std::clamp(far_target * impostors, 0.0, impostors));
  while (most < scores.impostors.size() && static_cast<double>(most + 1) / impostors <= far_target) ++most;
  while (most > 0 && static_cast<double>(most) / impostors > far_target) --most;
  if (most == scores.impostors.size()) {
    const double last = std::min(scores.genuine.back(), scores.impostors.back());
    return {std::ssize(scores.impostors), std::ssize(scores.genuine), last};
  }
  // Every score above this impostor's is accepted; the last of them is the threshold.
  const double refused = scores.impostors[most];
  const auto above = [&](const std::vector<double>& list) {
    return std::lower_bound(list.begin(), list.end(), refused, [](double value, double score) { return value > score; }) - list.begin();
  };
  const int64_t fp = above(scores.impostors), tp = above(scores.genuine);
  double score = before_all;
  if (fp > 0) score = std::min(score, scores.impostors[static_cast<size_t>(fp) - 1]);
  if (tp > 0) score = std::min(score, scores.genuine[static_cast<size_t>(tp) - 1]);
  return {fp, tp, score};
}

}  // namespace lafs::metrics
