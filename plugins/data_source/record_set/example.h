#pragma once
#include <filesystem>

#include "lafs/data_source.h"

namespace lafs::record_set {

/// Writes a set of range style to `path`, a folder or a record file: every picture of `pictures` `times` times over, as JPEG. Each time
/// they are other people. Throws Error. [main thread]
void write_set(const std::filesystem::path& path, const DataSource& pictures, int64_t times);

}  // namespace lafs::record_set
