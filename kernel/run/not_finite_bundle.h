#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "kernel/recipe/options.h"

namespace lafs {

class NotFinite;

/// Where a run was when it met a number that is not finite.
struct NotFinitePlace {
  int64_t step = 0;
  const std::string& identity;  ///< of the training
  std::filesystem::path last_checkpoint;
};

/// Writes not_finite.json of a run folder: where it was, what went wrong, and the pictures that were fed, as far as one micro-batch is to
/// blame. Throws Error that names the file, or says that it cannot be written.
[[noreturn]] void stop_not_finite(const std::filesystem::path& folder, const NotFinitePlace& place, const NotFinite& error);

/// Whether more steps were left out than `[run] not_finite_limit` allows.
bool too_many_left_out(const RunOptions& run, const std::vector<int64_t>& steps);

/// Throws Error when they are too many; `reason` is that of the last.
void check_left_out(const RunOptions& run, const std::vector<int64_t>& steps, const std::string& reason);

}  // namespace lafs
