#include "formats/template_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "formats/near_name.h"
#include "formats/text_file.h"
#include "lafs/error.h"

namespace lafs::formats {
namespace {

/// Sources of an IJB folder keep the order of its lists; others are searched.
int64_t place_of(const std::string& name, int64_t row, const DataSource& source, const std::string& place) {
  if (row < source.size() && source.key(row) == name) return row;
  if (const auto index = source.find(name)) return *index;
  NearName near(name);
  for (int64_t i = 0; i < source.size(); ++i) near.look(source.key(i));
  throw Error(fmt::format("the data source has no picture \"{}\"{}", shown(name), near.hint())).at(place);
}

}  // namespace

TemplateSet read_template_set(const std::filesystem::path& pictures, const std::filesystem::path& faces, const DataSource& source) {
  TemplatePictures list = read_template_pictures(pictures);
  TemplateSet out;
  if (!faces.empty()) {
    DetectedFaces detected = read_detected_faces(faces);
    check_same_pictures(list, detected, pictures, faces);
    out.scores = std::move(detected.scores);
    const auto odd = std::count_if(out.scores.begin(), out.scores.end(), [](float score) { return score < 0 || score > 1; });
    if (odd > 0) out.notes.push_back(fmt::format("{} detector scores are outside [0, 1]; they count as they are", odd));
  }
  for (size_t i = 0; i < list.names.size(); ++i)
    out.indices.push_back(place_of(list.names[i], static_cast<int64_t>(i), source, fmt::format("{}:{}", pictures.string(), list.lines[i])));
  out.templates = std::move(list.templates);
  out.media = std::move(list.media);
  return out;
}

}  // namespace lafs::formats
