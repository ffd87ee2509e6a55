#pragma once
#include <filesystem>

#include <nlohmann/json_fwd.hpp>

namespace lafs {

class NotFinite;

/// Writes not_finite.json of a run folder: `facts` of the run, what went wrong, and the pictures that were fed, as far as one micro-batch
/// is to blame. Returns the file. Throws Error when it cannot be written.
std::filesystem::path write_not_finite(const std::filesystem::path& folder, nlohmann::json facts, const NotFinite& error);

}  // namespace lafs
