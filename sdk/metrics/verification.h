#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace lafs::metrics {

/// Row-major rows of f64.
struct Rows {
  std::vector<double> values;
  int64_t rows = 0, width = 0;
  std::span<const double> row(int64_t r) const {
    return std::span(values).subspan(static_cast<size_t>(r * width), static_cast<size_t>(width));
  }
};

/// Two rows that are compared, and whether they are of one person.
struct Pair {
  int64_t first = 0, second = 0;
  bool same = false;
  bool operator==(const Pair&) const = default;
};

/// The first row with a NaN or an infinity.
std::optional<int64_t> first_row_not_finite(std::span<const float> values, int64_t width);

/// Widens to f64. Throws Error naming the first row that is not finite.
Rows to_rows(std::span<const float> values, int64_t width);

/// Mean Euclidean norm of the rows (evaluation 2.2, item 2). Give picture and mirror as rows of one matrix.
double mean_norm(const Rows& rows);

/// Rows of 2D, picture then mirror, to their sum of D: the flip test.
Rows flip_sum(const Rows& both);

/// Divides each row by its norm; a zero row stays zero.
void normalise_rows(Rows& rows);

/// Pictures 2i and 2i+1 form pair i. Throws Error unless there are twice as many pictures as labels.
std::vector<Pair> consecutive_pairs(int64_t pictures, std::span<const uint8_t> same);

/// Squared Euclidean distance of unit rows, [0, 4], a pair each; equals 2 - 2 cos.
std::vector<double> squared_distances(const Rows& unit, std::span<const Pair> pairs);
/// Squared Euclidean distance of rows of f32 after their mean is taken off and their length made one: 2 - 2 times the correlation.
/// A constant row becomes zero. Widens no more than a row at a time: pictures of a whole set fit.
std::vector<double> correlation_distances(std::span<const float> values, int64_t width, std::span<const Pair> pairs);
/// 1 - cos of unit rows, [0, 2], a pair each (evaluation 2.5).
std::vector<double> cosine_distances(const Rows& unit, std::span<const Pair> pairs);

/// Outcome of one threshold: accepted means distance < threshold, strictly.
struct Counts {
  int64_t tp = 0, fp = 0, tn = 0, fn = 0;
  bool operator==(const Counts&) const = default;
};
Counts count_below(std::span<const double> distances, std::span<const uint8_t> same, double threshold);

/// A contiguous block of test pairs, [begin, end); all others are its training pairs.
struct Fold {
  int64_t begin = 0, end = 0;
  bool operator==(const Fold&) const = default;
};
/// The first n mod k folds have one pair more. Throws Error for fewer pairs than folds or fewer than two folds.
std::vector<Fold> make_folds(int64_t pairs, int64_t folds);

double mean(std::span<const double> values);
double population_std(std::span<const double> values);  ///< divisor n

/// Accuracy with folds (evaluation 2.3). A list holds a value per fold, a rate a value per threshold.
struct FoldAccuracy {
  std::vector<int64_t> best_threshold;  ///< j of the threshold j * 0.01
  std::vector<double> accuracy, train_accuracy;
  double mean = 0, std = 0, threshold_mean = 0;
  std::vector<double> tpr, fpr;  ///< [400] mean curve over the test blocks
};
/// Distances with 1 for same, 0 for different. Throws Error for unequal lengths or too few pairs.
FoldAccuracy fold_accuracy(std::span<const double> distances, std::span<const uint8_t> same, int64_t folds);

/// TAR at a FAR with folds (evaluation 2.4). A list holds a value per fold.
struct FoldRate {
  std::vector<double> threshold, val, far;
  double val_mean = 0, val_std = 0, far_mean = 0;
};
/// As above; also throws Error when a fold lacks same or different pairs.
FoldRate val_at_far(std::span<const double> distances, std::span<const uint8_t> same, int64_t folds, double far_target);

/// The threshold of a FAR between the last index with FAR <= target and the next; 0 when every FAR is below it. FAR never falls.
double threshold_at_far(std::span<const double> far, std::span<const double> thresholds, double far_target);

}  // namespace lafs::metrics
