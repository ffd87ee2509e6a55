#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace lafs {

/// A short name of each folder or file, a file's without its ending: the last part of its path; where these are equal, as many parts as
/// tell them apart. "a/run" and "b/run" stay as they are, "a/one" and "b/two" become "one" and "two". Throws Error for a path that is given
/// twice.
std::vector<std::string> telling_names(const std::vector<std::filesystem::path>& paths);

}  // namespace lafs
