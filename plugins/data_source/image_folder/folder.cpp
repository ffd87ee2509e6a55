#include "folder.h"

#include <algorithm>
#include <system_error>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <xxhash.h>

#include "formats/content_index.h"
#include "imaging/decode.h"
#include "lafs/error.h"

namespace lafs::image_folder {

namespace fs = std::filesystem;

namespace {

using Why = LeftOut::Why;

bool is_hidden(const std::string& name) { return name.starts_with('.'); }

/// What a folder holds, sorted. Links to folders are among the folders.
struct Content {
  struct Entry {
    std::string name;
    bool link = false;
    bool operator<(const Entry& other) const { return name < other.name; }
  };
  std::vector<Entry> files, folders;
};

/// Lists the people of a root and their pictures.
class Walk {
 public:
  Walk(const fs::path& root, LeftOut& left_out) : root_(root), canonical_root_(fs::canonical(root)), left_out_(left_out) {}

  Listing list();

 private:
  /// A folder, by its name in the listing and by what is reached through no link.
  struct Place {
    std::string relative;
    fs::path real;
    bool foreign = false;  ///< reached through a link
  };

  Content content_of(const std::string& relative);
  void person(const Place& place, int64_t identity);
  bool enter(const Content::Entry& folder, const Place& in, Place& out);
  bool is_new(const fs::path& target, bool folder);
  bool listed_without_links(const fs::path& target) const;
  [[noreturn]] void nobody(const Content& top) const;

  fs::path root_, canonical_root_;
  LeftOut& left_out_;
  Listing out_;
  std::unordered_set<uint64_t> seen_;  ///< hashes of what links led to
};

std::string below(const std::string& relative, const std::string& name) { return relative.empty() ? name : relative + "/" + name; }

Content Walk::content_of(const std::string& relative) {
  Content content;
  std::error_code error;
  const fs::path folder = root_ / relative;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string(), path = below(relative, name);
    std::error_code none;
    const bool link = entry->is_symlink(none);
    if (name == formats::ContentIndex::file_name || name == ".lafs-check") continue;  // ours
    if (is_hidden(name)) {
      left_out_.add(Why::hidden, path);
    } else if (entry->is_directory(none)) {
      is_system_folder(name) ? left_out_.add(Why::of_a_system, path) : content.folders.push_back({name, link});
    } else if (link && !entry->exists(none)) {
      left_out_.add(Why::leads_nowhere, path);
    } else if (!imaging::is_image_name(name)) {
      left_out_.add_ending(name);
    } else {
      // Opening a pipe would block until somebody writes to it.
      if (entry->is_other(none)) throw Error(fmt::format("\"{}\" is neither a file nor a folder", entry->path().string()));
      content.files.push_back({name, link});
    }
  }
  if (error) throw Error(fmt::format("\"{}\" cannot be listed: {}", folder.string(), error.message()));
  std::sort(content.files.begin(), content.files.end());
  std::sort(content.folders.begin(), content.folders.end());
  return content;
}

/// Whether what lies at a path without links is listed at that path.
bool Walk::listed_without_links(const fs::path& target) const {
  const auto [in_root, in_target] = std::mismatch(canonical_root_.begin(), canonical_root_.end(), target.begin(), target.end());
  if (in_root != canonical_root_.end()) return false;
  return std::none_of(in_target, target.end(),
                      [](const fs::path& part) { return is_hidden(part.string()) || is_system_folder(part.string()); });
}

/// Whether a link leads to something that is not listed otherwise. A folder that holds the root leads back into it.
bool Walk::is_new(const fs::path& target, bool folder) {
  if (folder && std::mismatch(target.begin(), target.end(), canonical_root_.begin(), canonical_root_.end()).first == target.end())
    return false;
  // A picture beside the people, or of a name that is not a picture's, is not listed where it lies.
  const bool picture = imaging::is_image_name(target) && target.parent_path() != canonical_root_;
  if ((folder || picture) && listed_without_links(target)) return false;
  const std::string path = target.string();
  return seen_.insert(XXH3_64bits(path.data(), path.size())).second;
}

/// Whether a folder in `in` is to be walked, and where it is then.
bool Walk::enter(const Content::Entry& folder, const Place& in, Place& out) {
  out = {below(in.relative, folder.name), in.real / folder.name, in.foreign || folder.link};
  if (!out.foreign) return true;
  if (folder.link) {
    std::error_code error;
    out.real = fs::canonical(out.real, error);
    if (error) throw Error(fmt::format("the link \"{}\" cannot be followed: {}", (root_ / out.relative).string(), error.message()));
  }
  if (is_new(out.real, true)) return true;
  left_out_.add(Why::there_already, out.relative);
  return false;
}

void Walk::person(const Place& place, int64_t identity) {
  const Content content = content_of(place.relative);
  for (const Content::Entry& file : content.files) {
    const std::string path = below(place.relative, file.name);
    if (file.link || place.foreign) {
      std::error_code error;
      const fs::path target = file.link ? fs::canonical(place.real / file.name, error) : place.real / file.name;
      if (!error && !is_new(target, false)) {
        left_out_.add(Why::there_already, path);
        continue;
      }
    }
    out_.add(path, identity);
  }
  for (const Content::Entry& folder : content.folders) {
    Place deeper;
    if (enter(folder, place, deeper)) person(deeper, identity);
  }
}

void Walk::nobody(const Content& top) const {
  const std::string root = root_.string();
  const std::vector<std::string> notes = left_out_.notes();
  const std::string rest = notes.empty() ? "" : fmt::format("; {}", fmt::join(notes, "; "));
  if (!top.folders.empty())
    throw Error(fmt::format("no folder of \"{}\" holds a picture; each should hold those of one person{}", root, rest));
  if (!top.files.empty())
    throw Error(fmt::format("\"{}\" holds images but no folders; each identity needs a folder, or a list that names identities", root));
  throw Error(fmt::format("\"{}\" is empty; it should hold a folder of images for each identity{}", root, rest));
}

Listing Walk::list() {
  const Content top = content_of("");
  std::vector<std::string> people;
  for (const Content::Entry& folder : top.folders) {
    const int64_t before = out_.size();
    Place place;
    if (!enter(folder, {"", canonical_root_, false}, place)) continue;
    person(place, static_cast<int64_t>(people.size()));
    if (out_.size() == before) {
      left_out_.add(Why::no_picture, folder.name);
    } else {
      people.push_back(folder.name);
    }
  }
  if (people.empty()) nobody(top);
  for (const Content::Entry& file : top.files) left_out_.add(Why::of_nobody, file.name);
  out_.set_identities(std::move(people));
  out_.index_names();
  return std::move(out_);
}

}  // namespace

Listing list_folder(const fs::path& root, LeftOut& left_out) {
  std::error_code error;
  if (!fs::is_directory(root, error)) {
    const std::string reason =
        error && error != std::errc::no_such_file_or_directory ? "cannot be entered: " + error.message() : "does not exist";
    throw Error(fmt::format("the folder \"{}\" {}", root.string(), reason));
  }
  return Walk(root, left_out).list();
}

}  // namespace lafs::image_folder
