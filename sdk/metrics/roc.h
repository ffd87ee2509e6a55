#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "metrics/sorted_scores.h"

namespace lafs::metrics {

/// Cumulative counts after every comparison with at least this score is accepted.
struct RocPoint {
  int64_t fp = 0, tp = 0;
  double score = 0;  ///< infinity for the added point (0, 0)
};

/// A curve from the strict end to the lenient one; the first point is (0, 0) (evaluation 4.1).
struct Roc {
  std::vector<RocPoint> points;
  int64_t genuine = 0, impostors = 0;

  double far(size_t point) const { return static_cast<double>(points[point].fp) / static_cast<double>(impostors); }
  double tar(size_t point) const { return static_cast<double>(points[point].tp) / static_cast<double>(genuine); }
};

/// Whether inner points of a straight run are left out, as the published numbers have it: it moves operating points.
enum class Collinear { drop, keep };

/// Scores with 1 for genuine, 0 for impostor; larger means more alike. Equal scores enter together.
/// Throws Error for a NaN score, unequal lengths, or when one of the two kinds is missing.
Roc roc_curve(std::span<const double> scores, std::span<const uint8_t> genuine, Collinear collinear);

/// The same from scores that are sorted already. With `drop`, memory for the points that stay alone.
Roc roc_curve(const SortedScores& scores, Collinear collinear);

/// Trapezoids under TAR over FAR, [0, 1]; dropping does not change it.
double area(const Roc& roc);

/// The rate where FAR equals 1 - TAR, between two points linearly.
double equal_error_rate(const Roc& roc);

/// Index of the point nearest in FAR; of equal distances the larger FAR, then the larger TAR (evaluation 4.2). No interpolation.
size_t nearest_point(const Roc& roc, double far_target);

/// Index of the last point whose FAR is not above the target: the definition of most papers.
size_t point_within(const Roc& roc, double far_target);
/// That point among all, without making a curve; (0, 0) with an infinite score where even the first is above.
RocPoint point_within(const SortedScores& scores, double far_target);

}  // namespace lafs::metrics
