#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace lafs::metrics {

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

/// The thresholds of an accuracy, j * 0.01 for j from 0 to 399, as the reference has them: multiplied, not added up.
std::vector<double> accuracy_grid();

/// What the threshold of a fold makes as large as it can: the share of right answers, or the mean of the shares of genuine and of impostor
/// pairs that are answered rightly, which a constant answer cannot bring above a half however many pairs of one kind there are.
enum class Criterion { accuracy, balanced };

/// Accuracy with folds (evaluation 2.3). A list holds a value per fold, a rate a value per threshold.
struct FoldAccuracy {
  std::vector<int64_t> best_threshold;  ///< j of the threshold j * 0.01
  std::vector<double> accuracy, train_accuracy;
  double mean = 0, std = 0, threshold_mean = 0;  ///< balanced: the mean is over all pairs, for a fold may lack pairs of a kind
  std::vector<double> tpr, fpr;                  ///< [400] mean curve over the test blocks
};
/// Distances with 1 for same, 0 for different. Throws Error for unequal lengths or too few pairs.
FoldAccuracy fold_accuracy(std::span<const double> distances, std::span<const uint8_t> same, int64_t folds,
                           Criterion criterion = Criterion::accuracy);

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
