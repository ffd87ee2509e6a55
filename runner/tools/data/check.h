#pragma once
#include <cstdint>

#include "kernel/model/open_source.h"

namespace lafs {

/// What `check_data_source` found out.
enum class DataFinding { whole, damaged, stopped };

/// Decodes every picture of a source with progress on the screen, and prints each damaged one and each identity without a whole picture, or
/// all of it as JSON. [main thread]
DataFinding check_data_source(const OpenSource& open, int64_t threads, bool quiet, bool json);

}  // namespace lafs
