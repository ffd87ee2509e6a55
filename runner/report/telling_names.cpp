#include "runner/report/telling_names.h"

#include <algorithm>
#include <cstdint>
#include <set>

#include <fmt/format.h>

#include "lafs/error.h"

namespace lafs {

namespace {

namespace fs = std::filesystem;

/// The whole path, without a file's ending and without a slash at its end.
fs::path whole(const fs::path& path, bool with_ending) {
  fs::path out = fs::absolute(path).lexically_normal();
  if (!out.has_filename()) out = out.parent_path();
  return with_ending || fs::is_directory(path) ? out : out.parent_path() / out.stem();
}

std::string last_parts(fs::path path, int64_t parts) {
  fs::path name;
  for (; parts > 0 && path.has_filename(); --parts, path = path.parent_path())
    name = name.empty() ? path.filename() : path.filename() / name;
  return name.string();
}

std::string telling_name(const std::vector<fs::path>& paths, size_t of) {
  constexpr int64_t most_parts = 64;
  for (int64_t parts = 1; parts < most_parts; ++parts) {
    const std::string name = last_parts(whole(paths[of], false), parts);
    const auto has_it = [&](const fs::path& other) { return last_parts(whole(other, false), parts) == name; };
    if (std::count_if(paths.begin(), paths.end(), has_it) == 1) return name;
  }
  return paths[of].filename().string();  // of files that differ in their ending alone
}

}  // namespace

std::vector<std::string> telling_names(const std::vector<fs::path>& paths) {
  std::set<fs::path> seen;
  for (const fs::path& path : paths) {
    if (!seen.insert(whole(path, true)).second) throw Error(fmt::format("\"{}\" is given twice", path.string()));
  }
  std::vector<std::string> names;
  for (size_t i = 0; i < paths.size(); ++i) names.push_back(telling_name(paths, i));
  return names;
}

}  // namespace lafs
