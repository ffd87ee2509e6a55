#pragma once
#include <filesystem>

namespace lafs::formats {

/// Where lafs keeps what it can make again: $XDG_CACHE_HOME/lafs, else ~/.cache/lafs; made by who writes there. Empty where neither
/// variable is set. [any thread]
std::filesystem::path cache_folder();

}  // namespace lafs::formats
