#include "metrics/roc.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "lafs/error.h"

namespace lafs::metrics {
namespace {

void check_scores(std::span<const double> scores, std::span<const uint8_t> genuine) {
  if (scores.size() != genuine.size()) throw Error(fmt::format("{} scores have {} labels", scores.size(), genuine.size()));
  for (size_t i = 0; i < scores.size(); ++i)
    if (std::isnan(scores[i])) throw Error(fmt::format("score {} is not a number", i));
}

/// Second differences of both counts vanish: the point lies on a straight run.
bool is_straight(const RocPoint& a, const RocPoint& b, const RocPoint& c) {
  return c.fp - 2 * b.fp + a.fp == 0 && c.tp - 2 * b.tp + a.tp == 0;
}

}  // namespace

Roc roc_curve(std::span<const double> scores, std::span<const uint8_t> genuine, Collinear collinear) {
  check_scores(scores, genuine);
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return scores[a] > scores[b]; });
  std::vector<RocPoint> all;
  int64_t fp = 0, tp = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    ++(genuine[order[i]] ? tp : fp);
    const bool last_of_equal = i + 1 == order.size() || scores[order[i + 1]] != scores[order[i]];
    if (last_of_equal) all.push_back({fp, tp, scores[order[i]]});
  }
  if (tp == 0) throw Error("a curve needs genuine comparisons, and there are none");
  if (fp == 0) throw Error("a curve needs impostor comparisons, and there are none");
  Roc roc{{{0, 0, std::numeric_limits<double>::infinity()}}, tp, fp};
  for (size_t i = 0; i < all.size(); ++i) {
    const bool inner = i > 0 && i + 1 < all.size();
    // All removals are decided on the whole list: neighbours are those before any removal.
    if (collinear == Collinear::drop && inner && is_straight(all[i - 1], all[i], all[i + 1])) continue;
    roc.points.push_back(all[i]);
  }
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

}  // namespace lafs::metrics
