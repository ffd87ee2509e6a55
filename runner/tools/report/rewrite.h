#pragma once
#include <filesystem>

namespace lafs {

/// Writes report.html of the folder of a run, a row or a grid again from what lies there, and returns it. Throws Error for a folder that is
/// none of these, and as the writers of these pages do.
std::filesystem::path rewrite_report(const std::filesystem::path& folder);

}  // namespace lafs
