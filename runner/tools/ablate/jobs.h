#pragma once
#include <filesystem>
#include <vector>

#include "kernel/run/ablation.h"
#include "runner/tools/ablate/ablate.h"

namespace lafs {

/// Runs the cells in `request.jobs` processes of this program, which share the ledger, and says how far they are. What a process says of
/// failures goes to standard error. A signal that stops this process stops the others, which write their checkpoints first. Throws Error
/// when a process cannot be started. [main thread]
AblationOutcome run_jobs(const AblateRequest& request, const std::filesystem::path& folder, const Ledger& ledger,
                         const std::vector<const AblationCell*>& cells);

}  // namespace lafs
