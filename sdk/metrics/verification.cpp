#include "metrics/verification.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <utility>

#include "lafs/error.h"

namespace lafs::metrics {
namespace {

constexpr int accuracy_thresholds = 400, rate_thresholds = 4000;

std::vector<double> grid(int count, double step) {
  std::vector<double> thresholds;
  // Multiplication, not repeated addition: the reference's grid bit for bit.
  for (int j = 0; j < count; ++j) thresholds.push_back(j * step);
  return thresholds;
}

double ratio(int64_t part, int64_t whole) { return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole); }

/// Pairs accepted at each threshold of a grid, in one block of pairs.
struct Accepted {
  explicit Accepted(size_t thresholds) : same(thresholds), different(thresholds) {}
  Accepted(std::vector<int64_t> accepted_same, std::vector<int64_t> accepted_different, int64_t every_same, int64_t every_different)
      : same(std::move(accepted_same)), different(std::move(accepted_different)), all_same(every_same), all_different(every_different) {}
  std::vector<int64_t> same, different;
  int64_t all_same = 0, all_different = 0;

  void add(const Accepted& other, int64_t sign) {
    for (size_t j = 0; j < same.size(); ++j) {
      same[j] += sign * other.same[j];
      different[j] += sign * other.different[j];
    }
    all_same += sign * other.all_same;
    all_different += sign * other.all_different;
  }
  double accuracy(size_t j) const { return ratio(same[j] + all_different - different[j], all_same + all_different); }
  double balanced(size_t j) const { return (ratio(same[j], all_same) + ratio(all_different - different[j], all_different)) / 2; }
  double by(Criterion criterion, size_t j) const { return criterion == Criterion::accuracy ? accuracy(j) : balanced(j); }
};

Accepted accepted(std::span<const double> distances, std::span<const uint8_t> same, const Fold& block, std::span<const double> thresholds) {
  Accepted counts(thresholds.size());
  for (auto i = static_cast<size_t>(block.begin); i < static_cast<size_t>(block.end); ++i) {
    ++(same[i] ? counts.all_same : counts.all_different);
    const auto first = std::upper_bound(thresholds.begin(), thresholds.end(), distances[i]);
    if (first != thresholds.end()) ++(same[i] ? counts.same : counts.different)[static_cast<size_t>(first - thresholds.begin())];
  }
  std::partial_sum(counts.same.begin(), counts.same.end(), counts.same.begin());
  std::partial_sum(counts.different.begin(), counts.different.end(), counts.different.begin());
  return counts;
}

/// Calls `each` with the counts of test block and training pairs, fold by fold.
void for_folds(std::span<const double> distances, std::span<const uint8_t> same, const std::vector<Fold>& folds,
               std::span<const double> thresholds, const std::function<void(const Fold&, const Accepted&, const Accepted&)>& each) {
  std::vector<Accepted> blocks;
  Accepted train(thresholds.size());
  for (const Fold& fold : folds) {
    blocks.push_back(accepted(distances, same, fold, thresholds));
    train.add(blocks.back(), 1);
  }
  for (size_t f = 0; f < folds.size(); ++f) {
    train.add(blocks[f], -1);
    each(folds[f], blocks[f], train);
    train.add(blocks[f], 1);
  }
}

void check_distances(std::span<const double> distances, std::span<const uint8_t> same) {
  if (distances.size() != same.size()) throw Error(fmt::format("{} distances have {} labels", distances.size(), same.size()));
  for (size_t i = 0; i < distances.size(); ++i)
    if (std::isnan(distances[i])) throw Error(fmt::format("distance {} is not a number", i));
}

}  // namespace

std::vector<Fold> make_folds(int64_t pairs, int64_t folds) {
  if (folds < 2) throw Error(fmt::format("{} folds leave nothing to choose a threshold on; use at least 2", folds));
  if (pairs < folds) throw Error(fmt::format("{} pairs do not fill {} folds", pairs, folds));
  std::vector<Fold> all;
  for (int64_t f = 0, begin = 0; f < folds; ++f) {
    const int64_t end = begin + pairs / folds + (f < pairs % folds ? 1 : 0);
    all.push_back({begin, end});
    begin = end;
  }
  return all;
}

std::vector<double> accuracy_grid() { return grid(accuracy_thresholds, 0.01); }

double mean(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double population_std(std::span<const double> values) {
  const double centre = mean(values);
  double sum = 0;
  for (const double v : values) sum += (v - centre) * (v - centre);
  return std::sqrt(sum / static_cast<double>(values.size()));
}

Counts count_below(std::span<const double> distances, std::span<const uint8_t> same, double threshold) {
  Counts counts;
  for (size_t i = 0; i < distances.size(); ++i) {
    const bool accept = distances[i] < threshold;
    ++(same[i] ? (accept ? counts.tp : counts.fn) : (accept ? counts.fp : counts.tn));
  }
  return counts;
}

FoldAccuracy fold_accuracy(std::span<const double> distances, std::span<const uint8_t> same, int64_t folds, Criterion criterion) {
  check_distances(distances, same);
  const std::vector<double> thresholds = accuracy_grid();
  FoldAccuracy result;
  result.tpr.resize(thresholds.size());
  result.fpr.resize(thresholds.size());
  std::vector<double> best_thresholds;
  Accepted pooled(1);  // each block at its own threshold
  for_folds(distances, same, make_folds(static_cast<int64_t>(distances.size()), folds), thresholds,
            [&](const Fold&, const Accepted& test, const Accepted& train) {
              size_t best = 0;
              for (size_t j = 0; j < thresholds.size(); ++j) {
                if (train.by(criterion, j) > train.by(criterion, best)) best = j;
                result.tpr[j] += ratio(test.same[j], test.all_same) / static_cast<double>(folds);
                result.fpr[j] += ratio(test.different[j], test.all_different) / static_cast<double>(folds);
              }
              result.best_threshold.push_back(static_cast<int64_t>(best));
              result.train_accuracy.push_back(train.by(criterion, best));
              result.accuracy.push_back(test.by(criterion, best));
              best_thresholds.push_back(thresholds[best]);
              pooled.add({{test.same[best]}, {test.different[best]}, test.all_same, test.all_different}, 1);
            });
  result.mean = criterion == Criterion::accuracy ? mean(result.accuracy) : pooled.balanced(0);
  result.std = population_std(result.accuracy);
  result.threshold_mean = mean(best_thresholds);
  return result;
}

double threshold_at_far(std::span<const double> far, std::span<const double> thresholds, double far_target) {
  if (far.empty() || far.back() < far_target) return 0;
  const auto above = std::upper_bound(far.begin(), far.end(), far_target);
  if (above == far.begin()) return thresholds.front();
  const auto i = static_cast<size_t>(above - far.begin()) - 1;
  if (i + 1 == far.size()) return thresholds[i];
  return thresholds[i] + (far_target - far[i]) * (thresholds[i + 1] - thresholds[i]) / (far[i + 1] - far[i]);
}

FoldRate val_at_far(std::span<const double> distances, std::span<const uint8_t> same, int64_t folds, double far_target) {
  check_distances(distances, same);
  const std::vector<double> thresholds = grid(rate_thresholds, 0.001);
  FoldRate result;
  for_folds(distances, same, make_folds(static_cast<int64_t>(distances.size()), folds), thresholds,
            [&](const Fold& fold, const Accepted& test, const Accepted& train) {
              if (test.all_same == 0) throw Error(fmt::format("fold {} has no genuine pair", result.val.size()));
              if (test.all_different == 0) throw Error(fmt::format("fold {} has no impostor pair", result.val.size()));
              std::vector<double> far;
              for (const int64_t accepts : train.different) far.push_back(ratio(accepts, train.all_different));
              const double threshold = threshold_at_far(far, thresholds, far_target);
              const auto at = static_cast<size_t>(fold.begin), count = static_cast<size_t>(fold.end - fold.begin);
              const Counts counts = count_below(distances.subspan(at, count), same.subspan(at, count), threshold);
              result.threshold.push_back(threshold);
              result.val.push_back(ratio(counts.tp, test.all_same));
              result.far.push_back(ratio(counts.fp, test.all_different));
            });
  result.val_mean = mean(result.val);
  result.val_std = population_std(result.val);
  result.far_mean = mean(result.far);
  return result;
}

}  // namespace lafs::metrics
