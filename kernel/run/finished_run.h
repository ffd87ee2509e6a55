#pragma once
#include <filesystem>
#include <optional>

#include "kernel/ledger/finished.h"

namespace lafs {

/// As `read_finished_run`, and opens the training data where it is there: throws Error when that is not the data of the run. Data that
/// cannot be opened cannot differ either, so a finished run outlives it. [main thread]
std::optional<FinishedRun> finished_run(const Recipe& recipe, const std::filesystem::path& folder);

}  // namespace lafs
