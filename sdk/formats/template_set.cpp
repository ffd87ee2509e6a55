#include "formats/template_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "formats/id_index.h"
#include "formats/near_name.h"
#include "formats/text_file.h"
#include "lafs/error.h"

namespace lafs::formats {
namespace {

/// Sources of an IJB folder keep the order of its lists; others are searched.
std::optional<int64_t> place_of(const std::string& name, int64_t row, const DataSource& source) {
  if (row < source.size() && source.key(row) == name) return row;
  return source.find(name);
}

[[noreturn]] void throw_missing(const std::string& name, const DataSource& source, const std::string& place) {
  NearName near(name);
  for (int64_t i = 0; i < source.size(); ++i) near.look(source.key(i));
  throw Error(
      fmt::format("the data source has no picture \"{}\" (missing = \"skip\" leaves such pictures out){}", shown(name), near.hint()))
      .at(place);
}

/// Templates of `listed` that are not in `there`.
std::vector<int64_t> left_without(const std::vector<int64_t>& listed, const std::vector<int64_t>& there) {
  const IdIndex all(listed), kept(there);
  std::vector<int64_t> without;
  std::copy_if(all.ids().begin(), all.ids().end(), std::back_inserter(without), [&](int64_t id) { return kept.find(id) < 0; });
  return without;
}

/// What the set is without the pictures that are missing.
void warn_of_missing(const TemplatePictures& list, int64_t missing, const std::string& first, TemplateSet& set) {
  set.without = left_without(list.templates, set.templates);
  set.warnings.push_back(
      fmt::format("{} of the {} pictures of the list are missing and left out, first \"{}\"", missing, list.names.size(), shown(first)));
  if (!set.without.empty())
    set.warnings.push_back(fmt::format("{} templates are left without a picture, first {}", set.without.size(), set.without[0]));
}

}  // namespace

TemplateSet read_template_set(const std::filesystem::path& pictures, const std::filesystem::path& faces, const DataSource& source,
                              MissingPicture missing) {
  const TemplatePictures list = read_template_pictures(pictures);
  TemplateSet out;
  DetectedFaces detected;
  if (!faces.empty()) {
    detected = read_detected_faces(faces);
    check_same_pictures(list, detected, pictures, faces);
  }
  std::vector<size_t> left_out;
  for (size_t i = 0; i < list.names.size(); ++i) {
    const auto index = place_of(list.names[i], static_cast<int64_t>(i), source);
    if (!index && missing == MissingPicture::error)
      throw_missing(list.names[i], source, fmt::format("{}:{}", pictures.string(), list.lines[i]));
    if (!index) {
      left_out.push_back(i);
      continue;
    }
    out.indices.push_back(*index);
    out.templates.push_back(list.templates[i]);
    out.media.push_back(list.media[i]);
    if (!faces.empty()) out.scores.push_back(detected.scores[i]);
  }
  if (out.indices.empty()) throw Error("the data source has none of the pictures of the list").at(pictures.string());
  const auto odd = std::count_if(out.scores.begin(), out.scores.end(), [](float score) { return score < 0 || score > 1; });
  if (odd > 0) out.notes.push_back(fmt::format("{} detector scores are outside [0, 1]; they count as they are", odd));
  if (!left_out.empty()) warn_of_missing(list, std::ssize(left_out), list.names[left_out[0]], out);
  return out;
}

TemplatePairs read_pairs_of(TemplateSet& set, const std::filesystem::path& pairs, const std::filesystem::path& pictures) {
  std::vector<int64_t> listed = set.templates;
  listed.insert(listed.end(), set.without.begin(), set.without.end());
  const IdIndex known(std::move(listed));
  TemplatePairs all = read_template_pairs(pairs, known, pictures);
  if (set.without.empty()) return all;
  const IdIndex there(set.templates);
  const auto position = [&](uint32_t of_known) { return there.find(known.ids()[of_known]); };
  TemplatePairs out;
  for (size_t i = 0; i < all.genuine.size(); ++i) {
    const int64_t first = position(all.first[i]), second = position(all.second[i]);
    if (first < 0 || second < 0) continue;
    out.first.push_back(static_cast<uint32_t>(first));
    out.second.push_back(static_cast<uint32_t>(second));
    out.genuine.push_back(all.genuine[i]);
  }
  if (out.genuine.empty()) throw Error("every pair names a template that is left without a picture").at(pairs.string());
  if (const size_t left_out = all.genuine.size() - out.genuine.size(); left_out > 0)
    set.warnings.push_back(
        fmt::format("{} of the {} pairs are left out, because a template is without a picture", left_out, all.genuine.size()));
  return out;
}

}  // namespace lafs::formats
