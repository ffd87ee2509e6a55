#include "runner/tools/release/find_files.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <system_error>

#include <fmt/format.h>

#include "formats/ijb_folder.h"
#include "formats/recordio.h"
#include "lafs/error.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

constexpr int most_levels = 6;
constexpr size_t most_entries = 200000;  // a folder of pictures was named; a release has a few dozen files

std::string small_letters(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// Damaged IJB folders count too, so that what they lack is reported.
bool is_ijb(const fs::path& folder) {
  const std::string name = small_letters(folder.filename().string());
  return formats::is_ijb_folder(folder) || fs::is_directory(folder / "loose_crop") || name == "ijbb" || name == "ijbc";
}

class Search {
 public:
  FoundFiles of(const fs::path& folder) {
    if (is_ijb(folder)) {
      out_.ijb_folders.push_back(folder);
    } else {
      enter(folder, 0);
    }
    return std::move(out_);
  }

 private:
  void enter(const fs::path& folder, int level) {
    std::error_code fault;
    const fs::path place = fs::canonical(folder, fault);
    if (fault || !entered_.insert(place).second) return;
    std::vector<fs::path> entries;
    for (fs::directory_iterator entry(folder, fault), end; !fault && entry != end; entry.increment(fault)) {
      if (++seen_ > most_entries) return too_many();
      entries.push_back(entry->path());
    }
    if (fault) return out_.notes.push_back(fmt::format("\"{}\" was not looked into: {}", folder.string(), fault.message()));
    std::sort(entries.begin(), entries.end());
    for (const fs::path& entry : entries) look_at(entry, level);
  }

  void look_at(const fs::path& path, int level) {
    if (path.filename().string().starts_with('.')) return;
    std::error_code fault;
    const fs::file_status status = fs::status(path, fault);
    if (!fs::exists(status)) {
      if (fs::is_symlink(fs::symlink_status(path, fault)))
        out_.notes.push_back(fmt::format("\"{}\" is a link to a file that is not there", path.string()));
    } else if (fs::is_regular_file(status)) {
      sort_in(path);
    } else if (!fs::is_directory(status)) {
      return;
    } else if (is_ijb(path)) {
      out_.ijb_folders.push_back(path);
    } else if (level + 1 > most_levels) {
      out_.notes.push_back(fmt::format("\"{}\" was not looked into: it lies more than {} folders deep", path.string(), most_levels));
    } else {
      enter(path, level + 1);
    }
  }

  void sort_in(const fs::path& file) {
    const std::string name = small_letters(file.filename().string());
    const auto ends = [&](const char* ending) { return name.ends_with(ending); };
    if (ends(".pth") || ends(".pt") || ends(".pth.tar") || ends(".safetensors")) {
      out_.weights.push_back(file);
    } else if (ends(".bin")) {
      out_.pair_sets.push_back(file);
    } else if (formats::is_record_name(file)) {
      out_.record_sets.push_back(file);
    }
  }

  void too_many() {
    if (full_) return;
    full_ = true;
    out_.notes.push_back(fmt::format("the search ended after {} files: name the folder of the release, not one of pictures", most_entries));
  }

  FoundFiles out_;
  std::set<fs::path> entered_;
  size_t seen_ = 0;
  bool full_ = false;
};

}  // namespace

FoundFiles find_files(const fs::path& folder) {
  if (!fs::exists(folder))
    throw Error(fmt::format("\"{}\" does not exist; name the folder with the released weights and test sets", folder.string()));
  if (!fs::is_directory(folder))
    throw Error(fmt::format("\"{}\" is no folder; name the folder with the released weights and test sets", folder.string()));
  return Search().of(folder);
}

}  // namespace lafs
