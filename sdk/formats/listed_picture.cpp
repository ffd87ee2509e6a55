#include "formats/listed_picture.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "formats/near_name.h"
#include "formats/text_file.h"
#include "lafs/error.h"

namespace lafs::formats {
namespace {

/// The likely cause of a key that no picture has.
std::string why_missing(const std::string& key, const ListedPictures& pictures) {
  const bool has_endings = pictures.list.has_endings;
  NearName near(has_endings ? key : key + ".");
  for (int64_t i = 0; i < pictures.source.size(); ++i) {
    const std::string there = pictures.source.key(i);
    if (!has_endings && there.starts_with(key) && there.find_first_of("._", key.size()) == key.size())
      return fmt::format("; \"{}\" is there: set extension = [\"{}\"]", shown(there), shown(there.substr(key.size())));
    near.look(has_endings ? there : there.substr(0, there.rfind('.') + 1));
  }
  std::string hint = near.hint();
  if (const size_t point = has_endings ? std::string::npos : hint.rfind(".\""); point != std::string::npos) hint.erase(point, 1);
  return hint;
}

}  // namespace

std::optional<int64_t> ListedPictures::find(const std::string& key) const {
  if (const auto index = source.find(key)) return index;
  if (list.has_endings) return std::nullopt;
  for (const std::string& ending : endings)
    if (const auto index = source.find(key + ending)) return index;
  return std::nullopt;
}

int64_t ListedPictures::at(const std::string& key, const std::string& place) const {
  if (const auto index = find(key)) return *index;
  const std::string tried = list.has_endings ? "" : fmt::format(" with the ending {}", fmt::join(endings, " or "));
  throw Error(fmt::format("the data source has no picture \"{}\"{}{}", shown(key), tried, why_missing(key, *this))).at(place);
}

void check_endings(const std::vector<std::string>& endings, bool has_lfw_names) {
  if (endings != usual_endings && !has_lfw_names)
    throw Error("extension has no effect without a list of LFW's form, whose names have no endings; leave it out");
}

}  // namespace lafs::formats
