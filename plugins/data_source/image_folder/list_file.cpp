#include "list_file.h"

#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "formats/picture_list.h"
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
    refuse_repeated();
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

  void refuse_repeated() {
    std::optional<int64_t> repeated = listing_.index_names();
    std::unordered_map<std::string, int64_t> seen;
    for (const auto& [plain, index] : other_spellings_) {
      if (repeated) break;
      const auto before = listing_.find(plain);
      const auto [there, fresh] = seen.emplace(plain, index);
      if (before || !fresh) repeated = std::max(index, before.value_or(there->second));
    }
    if (repeated)
      throw Error(fmt::format("\"{}\" is named a second time", listing_.name(*repeated)))
          .at(fmt::format("{}:{}", list_.string(), lines_[static_cast<size_t>(*repeated)]));
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

}  // namespace lafs::image_folder
