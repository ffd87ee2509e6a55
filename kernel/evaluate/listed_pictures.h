#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "kernel/results/named_metrics.h"
#include "lafs/input.h"
#include "lafs/sample.h"

namespace lafs {

/// An item of a ranked list with its pictures, at the size at which the network was fed.
struct ListedItem {
  RankedItem item;
  std::vector<Image> pictures;  ///< of item.pictures
};

/// A ranked list whose items name pictures.
struct ListedPictures {
  std::string evaluator, list;  ///< "lfw", "false accepts"
  std::vector<ListedItem> items;
};

/// The pictures that lists of `results` name, at most `most` items of each list, from the sources that the evaluator of the same name asks
/// features of. Items with a picture that is not there any more or cannot be decoded are left out, and so are lists without items.
/// [main thread]
std::vector<ListedPictures> listed_pictures(const NamedEvaluators& evaluators, const std::vector<NamedMetrics>& results,
                                            const InputContract& input, int64_t most);

}  // namespace lafs
