#pragma once
#include <cstdint>
#include <string>

#include "lafs/metrics.h"
#include "metrics/bootstrap.h"
#include "metrics/identification.h"

namespace lafs::metrics {

/// Appends what a search says, under names that start with the protocol: `combined_rank1`, `combined_tpir@fpir=0.01`, `separate_rank1`,
/// `separate_tpir@fpir=0.001`; thresholds, the curve of the open-set form, and warnings of what does not exist or rests on little.
/// `variant` as in `Metric`: the model itself, "", gets intervals of its ranks where samples are asked for; the galleries stay, the
/// subjects of the probes are resampled.
void add_search(const Search& search, const SearchResult& result, const std::string& variant, const Resampling& resampling,
                Metrics& metrics);

}  // namespace lafs::metrics
