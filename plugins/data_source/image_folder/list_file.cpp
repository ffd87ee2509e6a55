#include "list_file.h"

#include <map>
#include <optional>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "formats/picture_list.h"
#include "formats/text_file.h"
#include "lafs/error.h"

namespace lafs::image_folder {

namespace fs = std::filesystem;

namespace {

/// What is known of a list while its lines come in.
class Lines {
 public:
  Lines(const fs::path& list, const fs::path& root) : list_(list), root_(root) {}

  void take(const formats::ListedPicture& picture) {
    std::string label = picture.label, folder;
    if (label.empty()) {
      folders_ = true;
      label = fs::path(picture.path).parent_path().generic_string();
      folder = fs::path(formats::plain_path(picture.path, root_)).parent_path().generic_string();
      if (folder.empty()) throw Error(fmt::format("\"{}\" has no identity and is not in a folder", picture.path));
    }
    // "./a" and "a" are one folder, under the name that came first.
    const auto [known, fresh] = numbers_.emplace(folder.empty() ? label : folder, static_cast<int64_t>(labels_.size()));
    if (fresh) {
      labels_.push_back(label);
      first_lines_.push_back(picture.line);
    }
    if (const std::string plain = formats::plain_path(picture.path, root_); plain != picture.path)
      other_spellings_.emplace_back(plain, listing_.size());
    listing_.add(picture.path, known->second);
    lines_.push_back(picture.line);
  }

  ReadList finish(std::vector<std::string> notes) {
    formats::LabelNumbers labels = numbered();
    listing_.renumber(labels.number);
    listing_.set_identities(std::move(labels.names));
    check_repeated(notes);
    if (!labels.change.empty()) notes.push_back(std::move(labels.change));
    const std::string name = list_.filename().string();
    for (std::string& note : notes) note = fmt::format("\"{}\": {}", name, note);
    return {std::move(listing_), std::move(notes)};
  }

 private:
  formats::LabelNumbers numbered() const {
    try {
      return formats::number_labels(labels_, first_lines_, folders_);
    } catch (const Error& error) {
      throw error.at(list_.string());
    }
  }

  /// Refuses a path that is there twice; of a picture under two spellings, as "a/1.jpg" and "./a/1.jpg", it is noted.
  void check_repeated(std::vector<std::string>& notes) {
    if (const std::optional<int64_t> repeated = listing_.index_names())
      throw Error(fmt::format("\"{}\" is named a second time", listing_.name(*repeated)))
          .at(fmt::format("{}:{}", list_.string(), lines_[static_cast<size_t>(*repeated)]));
    std::unordered_set<std::string> seen;
    int64_t again = 0, first = -1;
    for (const auto& [plain, index] : other_spellings_) {
      if (seen.insert(plain).second && !listing_.find(plain)) continue;
      if (again++ == 0) first = index;
    }
    if (again > 0)
      notes.push_back(
          fmt::format("pictures that are listed a second time under another spelling of their path: {}, the first is \"{}\" (line {})",
                      again, listing_.name(first), lines_[static_cast<size_t>(first)]));
  }

  const fs::path &list_, &root_;
  Listing listing_;
  std::map<std::string, int64_t> numbers_;
  std::vector<std::string> labels_;
  std::vector<int64_t> first_lines_, lines_;
  std::vector<std::pair<std::string, int64_t>> other_spellings_;  ///< pictures whose path can be written more plainly
  bool folders_ = false;
};

}  // namespace

ReadList read_list(const fs::path& list, const fs::path& root) {
  if (!fs::is_directory(root)) throw Error(fmt::format("the folder \"{}\" does not exist", root.string()));
  Lines lines(list, root);
  std::vector<std::string> notes =
      formats::read_picture_list(list, root, [&](const formats::ListedPicture& picture) { lines.take(picture); });
  return lines.finish(std::move(notes));
}

std::string order_note(const Listing& folders) {
  std::optional<int64_t> before, out_of_order;
  for (int64_t i = 0; i < folders.identities(); ++i) {
    const auto number = formats::label_number(folders.identity_name(i));
    if (!number) return "";
    if (before && *number < *before && !out_of_order) out_of_order = i;
    before = number;
  }
  if (!out_of_order) return "";
  return fmt::format(
      "folders are numbered in the order of their bytes: \"{}\" is identity {}; a list with labels keeps the order of numbers",
      folders.identity_name(*out_of_order), *out_of_order);
}

}  // namespace lafs::image_folder
