#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace lafs::metrics {

/// One landmark and its nearest other.
struct LandmarkOverlap {
  int64_t nearest = -1;  ///< the first of the nearest; -1: none at a distance in (0, 9999)
  double distance = 0;
  double overlap = 0;  ///< pixels in both patches / patch^2
};

/// How strongly the patches at the landmarks of one picture overlap, LAFS's `calculate_overlap_near`. `points` holds x and y of each
/// landmark in pixels of a picture with this side; halves are rounded to even. Landmarks at one place do not count as neighbours of each
/// other; where all lie at one place every overlap is 1. Throws Error for fewer than two landmarks, or one that is not finite.
std::vector<LandmarkOverlap> landmark_overlaps(std::span<const double> points, int64_t patch, int64_t side = 112);

/// Of a set: the mean and the population variance of the means of its pictures.
struct OverlapOfSet {
  std::vector<double> of_picture;
  double mean = 0, variance = 0;
};

/// `points` is [pictures, 2 * landmarks].
OverlapOfSet overlap_of_set(std::span<const double> points, int64_t landmarks, int64_t patch, int64_t side = 112);

/// The same of means that are there: pictures may have different numbers of landmarks.
OverlapOfSet overlap_of_means(std::vector<double> of_picture);

}  // namespace lafs::metrics
