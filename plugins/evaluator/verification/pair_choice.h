#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "formats/listed_picture.h"
#include "lafs/data_source.h"
#include "lafs/metrics.h"
#include "lafs/params.h"
#include "metrics/pairs.h"

namespace lafs::verification {

/// Where the pairs of a protocol come from: the data source itself, a list, all of them, or chance.
struct PairOptions {
  Path pairs;
  bool all_pairs = false;
  int64_t genuine = 0, impostor = 0, seed = 1, folds = 10;
  std::vector<std::string> extension = formats::usual_endings;
  std::string missing = "error";

  void declare(Params& p);
};

/// The pairs in the order of the folds, as indices of the source, and sentences on how they came about.
struct ChosenPairs {
  std::vector<metrics::Pair> pairs;
  std::vector<std::string> notes;
  std::vector<std::string> warnings;
  RankedList missing{"missing pictures", {}};  ///< with the number of pairs that were left out because of each
  bool knows_people = true;                    ///< whether the source's identities are people
};

/// Throws Error unless exactly one way is chosen, for a list with a picture that the source does not have unless these are skipped, and for
/// fewer pairs than folds.
ChosenPairs choose_pairs(const PairOptions& options, const DataSource& source);

}  // namespace lafs::verification
