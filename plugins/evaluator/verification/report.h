#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "lafs/metrics.h"
#include "metrics/pairs.h"

namespace lafs {

/// A protocol whose pairs are settled.
struct Protocol {
  std::vector<metrics::Pair> pairs;  ///< as rows of the features
  std::vector<uint8_t> same;         ///< of each pair
  int64_t folds = 10;
  std::vector<double> far;  ///< rates to tell the TAR at
  int64_t hardest = 10;     ///< items of a ranked list
};

/// Scores squared distances of unit rows: appends values and the curve of this variant ("" is the model).
/// Returns the accuracy it appended first, for the lists of mistakes.
metrics::FoldAccuracy add_scores(const Protocol& protocol, const std::vector<double>& distances, const std::string& variant,
                                 Metrics& metrics);

/// The pairs on the wrong side of their fold's threshold, the most wrong first; scores are cosines. `name_of` names a row.
void add_mistakes(const Protocol& protocol, const std::vector<double>& distances, const metrics::FoldAccuracy& accuracy,
                  const std::function<std::string(int64_t)>& name_of, Metrics& metrics);

/// What a reader must know of the rules behind the numbers.
void add_rules(const Protocol& protocol, Metrics& metrics);

}  // namespace lafs
