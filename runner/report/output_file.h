#pragma once
#include <filesystem>

namespace lafs {

/// Throws Error for a file that exists, unless `force`. What is not a regular file, such as a device or a pipe, is free.
void require_free(const std::filesystem::path& file, bool force);

/// Makes the folder of a file that will be written, where it is missing. Throws Error. Call it before any work.
void make_folder_of(const std::filesystem::path& file);

}  // namespace lafs
