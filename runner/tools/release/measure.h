#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "kernel/results/named_metrics.h"
#include "runner/tools/release/import_network.h"
#include "runner/tools/release/release_set.h"

namespace lafs {

/// What a network is fed in one measurement: pixels in [-0.5, 0.5] or [-1, 1], channels as RGB or BGR. The published convention,
/// [-0.5, 0.5] and RGB, is the first.
std::vector<InputContract> release_contracts(bool published_only);
/// "[-0.5, 0.5]" or "[-1, 1]".
std::string scaling_text(const InputContract& input);
bool is_published(const InputContract& input);

/// One network on one set under one contract.
struct Measurement {
  std::string set;
  InputContract input;
  NamedMetrics result;
  std::string fault;  ///< why there is no result; else empty
  bool kept = false;  ///< it was measured in an earlier call
};

struct MeasureOptions {
  RecipeContext context;
  int64_t batch = 64;
  std::filesystem::path out;  ///< folder in which results are kept; empty: they are not
  std::function<void(const std::string&)> note;
  std::function<void(int64_t done, int64_t total)> progress;  ///< may be empty
};

/// Measures, or takes the result that is kept in `out`/NETWORK for the same tensors, set, contract and options. Errors of the measurement
/// are in the result; only what cannot be written is thrown. [main thread]
Measurement measure(const NetworkPlan& plan, const ImportedNetwork& network, const ReleaseSet& set, const InputContract& input,
                    const MeasureOptions& options, Registry& registry);

}  // namespace lafs
