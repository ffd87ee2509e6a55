#pragma once
#include <filesystem>

#include <nlohmann/json_fwd.hpp>

namespace lafs {

class NotFinite;

/// Writes not_finite.json of a run folder: `facts` of the run, the last checkpoint, what went wrong, and the pictures that were fed, as far
/// as one micro-batch is to blame. Throws Error that says so.
[[noreturn]] void stop_not_finite(const std::filesystem::path& folder, nlohmann::json facts, const NotFinite& error);

}  // namespace lafs
