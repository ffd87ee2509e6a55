#pragma once
#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace lafs {

/// Checks a library's file without running any of it: a whole 64-bit ELF shared object for this machine, with our stamp.
/// Returns the linker's build-id in hex, empty if there is none. Throws Error naming the file (contract 10).
std::string check_library(const std::filesystem::path& library);

/// Every "*.so" of a folder, in the order of names. Throws Error when the folder cannot be read.
std::vector<std::filesystem::path> plugin_libraries(const std::filesystem::path& folder);

/// Names that a library defines for others, without versions. Throws Error for a file that is not a whole shared library.
std::set<std::string> exported_names(const std::filesystem::path& library);

/// Libraries that a shared library or position-independent program asks the loader for, as it names them ("libc.so.6"), in its order.
/// Throws Error for a file that is neither.
std::vector<std::string> needed_libraries(const std::filesystem::path& file);

}  // namespace lafs
