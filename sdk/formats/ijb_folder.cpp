#include "formats/ijb_folder.h"

#include <algorithm>
#include <string>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "lafs/error.h"

namespace lafs::formats {

namespace fs = std::filesystem;

namespace {

std::vector<fs::path> lists_ending(const fs::path& meta, std::string_view ending) {
  std::vector<fs::path> found;
  std::error_code unreadable;
  for (const auto& entry : fs::directory_iterator(meta, unreadable))
    if (entry.path().filename().string().ends_with(ending)) found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

bool is_ijb_folder(const fs::path& folder) {
  const fs::path meta = folder / "meta";
  return fs::is_directory(meta) && (fs::is_directory(folder / "loose_crop") || !lists_ending(meta, "_name_5pts_score.txt").empty());
}

fs::path ijb_list(const fs::path& root, std::string_view ending) {
  const fs::path meta = root / "meta";
  if (!fs::is_directory(meta))
    throw Error(fmt::format("\"{}\" is not an IJB folder: it has no folder \"meta\"; it holds loose_crop/ and meta/", root.string()));
  const std::vector<fs::path> found = lists_ending(meta, ending);
  if (found.size() == 1) return found.front();
  if (found.empty()) throw Error(fmt::format("\"{}\" has no list whose name ends in \"{}\"", meta.string(), ending));
  throw Error(fmt::format("\"{}\" has several lists whose names end in \"{}\", such as \"{}\" and \"{}\"; keep those of one set",
                          meta.string(), ending, found[0].filename().string(), found[1].filename().string()));
}

}  // namespace lafs::formats
