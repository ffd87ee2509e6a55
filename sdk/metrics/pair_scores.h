#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "lafs/metrics.h"
#include "metrics/bootstrap.h"
#include "metrics/pairs.h"
#include "metrics/verification.h"

namespace lafs::metrics {

/// One-to-one comparisons whose pairs are settled. An evaluator of any protocol of pairs chooses them and calls, in this order:
///
///     const FoldAccuracy accuracy = add_pair_scores(protocol, distances, "", metrics);
///     add_pair_mistakes(protocol, distances, accuracy, [&](int64_t row) { return source.key(row); }, metrics);
///     add_pair_histogram(protocol, distances, "", metrics);
///     add_pair_rules(protocol, metrics);
struct PairProtocol {
  std::vector<Pair> pairs;    ///< as rows of the features
  std::vector<uint8_t> same;  ///< of each pair
  int64_t folds = 10;         ///< contiguous
  std::vector<double> far;    ///< false accept rates at which true accept rates are reported
  int64_t hardest = 10;       ///< items of a ranked list
  People people;              ///< of each pair, for intervals; none: every pair is resampled by itself
  Resampling resampling{0};   ///< no samples: no intervals

  int64_t genuine() const;
  int64_t impostors() const { return static_cast<int64_t>(same.size()) - genuine(); }
  /// The accuracy of a model that gives the same answer to every pair.
  double constant_answer() const;
  /// One kind is more than 60 % of the pairs: accuracy then says little, and balanced accuracy leads.
  bool is_unbalanced() const { return constant_answer() > 0.6; }
};

/// Scores squared distances of unit rows, one for each pair: appends accuracy over the folds, true accept rates, area and equal error rate,
/// and the ROC curve, all for `variant` ("" is the model, whose rates get intervals). Of unbalanced pairs "balanced_accuracy" comes first.
/// Warns of folds whose threshold is at an end of the range. Returns the accuracy that leads.
FoldAccuracy add_pair_scores(const PairProtocol& protocol, const std::vector<double>& distances, const std::string& variant,
                             Metrics& metrics);

/// Appends accuracy and threshold alone, for a variant that stands in the report: another distance, or embeddings without the mirror.
void add_pair_extra(const PairProtocol& protocol, const std::vector<double>& distances, const std::string& variant, Metrics& metrics);

/// Appends the lists "false accepts" and "false rejects": the pairs on the wrong side of their fold's threshold, the most wrong first;
/// their scores are cosines. `name_of`: the key of a row's picture.
void add_pair_mistakes(const PairProtocol& protocol, const std::vector<double>& distances, const FoldAccuracy& accuracy,
                       const std::function<std::string(int64_t)>& name_of, Metrics& metrics);

/// Appends the histogram "scores": cosines of genuine and of impostor pairs.
void add_pair_histogram(const PairProtocol& protocol, const std::vector<double>& distances, const std::string& variant, Metrics& metrics);

/// Fills `Metrics::comparisons`: cosines, and whether each pair is right at the threshold of its fold for accuracy; `pairs` is the digest
/// of the pairs. Nothing above a million pairs, where a note says so.
void add_pair_comparisons(const PairProtocol& protocol, const std::vector<double>& distances, const std::string& pairs, Metrics& metrics);

/// Appends notes on the rules behind the numbers: how distances are accepted, and which of the rates the pairs cannot measure; and warnings
/// where a number misleads: an accuracy that a constant answer has too, rates of too few impostors.
void add_pair_rules(const PairProtocol& protocol, Metrics& metrics);

}  // namespace lafs::metrics
