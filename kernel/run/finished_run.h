#pragma once
#include <filesystem>
#include <optional>

#include "kernel/ledger/finished.h"

namespace lafs {

/// What becomes of a finished run whose data is not what it was trained on.
enum class OtherData {
  refused,  ///< an Error
  told      ///< `FinishedRun::other_data`
};

/// As `read_finished_run`, and opens the training data where it is there, to compare its content fingerprint. Data that cannot be opened
/// cannot differ either, so a finished run outlives it. A run from before contents were looked at is known by names and sizes: its
/// results.json gets the fingerprint of now. Throws Error for a run on other data where that is refused, and StoppedReading after a
/// signal. [main thread]
std::optional<FinishedRun> finished_run(const Recipe& recipe, const std::filesystem::path& folder, OtherData other = OtherData::refused);

}  // namespace lafs
