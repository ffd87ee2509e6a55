#pragma once
#include <algorithm>
#include <filesystem>

namespace lafs::formats {

/// Whether `inner` is `outer` or lies somewhere in it, by the parts of the paths alone: make both canonical first. "a/b" lies in "a", "ab"
/// does not.
inline bool is_within(const std::filesystem::path& inner, const std::filesystem::path& outer) {
  return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

}  // namespace lafs::formats
