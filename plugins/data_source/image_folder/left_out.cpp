#include "left_out.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

namespace lafs::image_folder {

namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

}  // namespace

bool is_system_folder(std::string_view name) {
  // In lower case. Names that begin with a dot are left out anyway.
  static constexpr std::string_view known[] = {"@eadir",
                                               "@tmp",
                                               "@recycle",
                                               "@recently-snapshot",
                                               "@sharebin",
                                               "@__thumb",
                                               "@synoresource",
                                               "#recycle",
                                               "#snapshot",
                                               "~snapshot",
                                               "$recycle.bin",
                                               "recycler",
                                               "system volume information",
                                               "found.000",
                                               "lost+found",
                                               "lost.dir",
                                               "__macosx",
                                               "resource.frk",
                                               "network trash folder",
                                               "temporary items",
                                               "thevolumesettingsfolder",
                                               "__pycache__"};
  return std::find(std::begin(known), std::end(known), lower(name)) != std::end(known);
}

void LeftOut::add(Why why, const std::string& path) {
  Kind& kind = kinds_[static_cast<size_t>(why)];
  if (kind.count++ == 0 || path < kind.first) kind.first = path;
}

std::vector<std::string> LeftOut::notes() const {
  static constexpr std::string_view what[] = {
      "hidden files and folders",       "folders of systems and cameras", "pictures beside the folders of people",
      "links to what is there already", "links that lead nowhere",        "folders without pictures"};
  std::vector<std::string> notes;
  if (!endings_.empty()) notes.push_back("files left out because of their ending: " + endings_.text());
  for (size_t i = 0; i < kinds_.size(); ++i) {
    if (kinds_[i].count > 0) notes.push_back(fmt::format("{} left out: {}, first \"{}\"", what[i], kinds_[i].count, kinds_[i].first));
  }
  return notes;
}

}  // namespace lafs::image_folder
