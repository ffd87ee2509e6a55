#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "lafs/metrics.h"
#include "metrics/pairs.h"
#include "metrics/verification.h"

namespace lafs::metrics {

/// One-to-one comparisons whose pairs are settled. An evaluator of any protocol of pairs chooses them and calls, in this order:
///
///     const FoldAccuracy accuracy = add_pair_scores(protocol, distances, "", metrics);
///     add_pair_mistakes(protocol, distances, accuracy, [&](int64_t row) { return source.key(row); }, metrics);
///     add_pair_rules(protocol, metrics);
struct PairProtocol {
  std::vector<Pair> pairs;    ///< as rows of the features
  std::vector<uint8_t> same;  ///< of each pair
  int64_t folds = 10;         ///< contiguous
  std::vector<double> far;    ///< false accept rates at which true accept rates are reported
  int64_t hardest = 10;       ///< items of a ranked list
};

/// Scores squared distances of unit rows, one for each pair: appends accuracy over the folds, true accept rates, area and equal error rate,
/// and the ROC curve, all for `variant` ("" is the model). Returns the accuracy that it appended first.
FoldAccuracy add_pair_scores(const PairProtocol& protocol, const std::vector<double>& distances, const std::string& variant,
                             Metrics& metrics);

/// Appends the lists "false accepts" and "false rejects": the pairs on the wrong side of their fold's threshold, the most wrong first;
/// their scores are cosines. `name_of` names a row.
void add_pair_mistakes(const PairProtocol& protocol, const std::vector<double>& distances, const FoldAccuracy& accuracy,
                       const std::function<std::string(int64_t)>& name_of, Metrics& metrics);

/// Appends notes on the rules behind the numbers: how distances are accepted, and which of the rates the pairs cannot measure.
void add_pair_rules(const PairProtocol& protocol, Metrics& metrics);

}  // namespace lafs::metrics
