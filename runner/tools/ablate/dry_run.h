#pragma once
#include <string>
#include <vector>

#include "kernel/run/ablation.h"

namespace lafs {

/// How many cells and stages are finished, begun and still to be run, and about how long these take: each stage as long as the first of its
/// name, whose speed is measured in `probe_seconds`; 0 measures nothing. [main thread]
std::string dry_run_text(const std::vector<const AblationCell*>& cells, double probe_seconds);

}  // namespace lafs
