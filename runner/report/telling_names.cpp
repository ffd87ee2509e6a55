#include "runner/report/telling_names.h"

#include <algorithm>
#include <cstdint>
#include <map>
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

using Names = std::vector<std::string>;

/// Fills in the names that are still empty: as many last parts of the path as no other has.
void name_by_parts(const std::vector<fs::path>& paths, Names& names) {
  constexpr int64_t most_parts = 64;
  for (int64_t parts = 1; parts < most_parts && std::find(names.begin(), names.end(), "") != names.end(); ++parts) {
    Names candidates;
    std::map<std::string, int64_t> count;
    for (const fs::path& path : paths) ++count[candidates.emplace_back(last_parts(path, parts))];
    for (size_t i = 0; i < paths.size(); ++i)
      if (names[i].empty() && count[candidates[i]] == 1) names[i] = candidates[i];
  }
}

}  // namespace

Names telling_names(const std::vector<fs::path>& paths) {
  std::vector<fs::path> short_paths, whole_paths;
  std::set<fs::path> seen;
  for (const fs::path& path : paths) {
    short_paths.push_back(whole(path, false));
    whole_paths.push_back(whole(path, true));
    if (!seen.insert(whole_paths.back()).second) throw Error(fmt::format("\"{}\" is given twice", path.string()));
  }
  Names names(paths.size());
  name_by_parts(short_paths, names);
  name_by_parts(whole_paths, names);  // of files that differ in their ending alone
  return names;
}

}  // namespace lafs
