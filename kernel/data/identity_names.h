#pragma once
#include <filesystem>
#include <string>

#include "lafs/data_source.h"

namespace lafs {

/// Writes which person each number is, "identity" and "name" by tabs, where the source has names for its people that are not their numbers
/// (see Named); else removes an old table of that name. Whole or not at all. Throws Error naming the file.
void write_identity_names(const DataSource& source, const std::filesystem::path& file);

}  // namespace lafs
