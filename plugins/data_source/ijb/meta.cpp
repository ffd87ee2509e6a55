#include "meta.h"

#include <fmt/format.h>

#include <algorithm>

#include "formats/id_index.h"
#include "formats/template_lists.h"
#include "lafs/error.h"

namespace lafs::ijb {

namespace fs = std::filesystem;

namespace {

/// The one list of a kind in `meta`. Folders that hold lists of several sets, ijbb_ and ijbc_, are told apart by their own name.
fs::path list_of(const fs::path& root, const std::string& ending) {
  const fs::path folder = root / "meta";
  if (!fs::is_directory(folder))
    throw Error(fmt::format("\"{}\" is no IJB folder: it has no folder \"meta\"; it holds loose_crop/ and meta/", root.string()));
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().filename().string().ends_with(ending)) found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  if (found.size() == 1) return found.front();
  if (found.empty()) throw Error(fmt::format("\"{}\" has no list whose name ends in \"{}\"", folder.string(), ending));
  std::string own = fs::absolute(root).lexically_normal().filename().string();
  std::transform(own.begin(), own.end(), own.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const fs::path& file : found)
    if (file.filename() == own + ending) return file;
  throw Error(fmt::format("\"{}\" has several lists whose names end in \"{}\", such as \"{}\" and \"{}\"; keep those of one set",
                          folder.string(), ending, found[0].filename().string(), found[1].filename().string()));
}

}  // namespace

Meta read_meta(const fs::path& root) {
  const fs::path pictures_file = list_of(root, "_face_tid_mid.txt"), faces_file = list_of(root, "_name_5pts_score.txt");
  const formats::TemplatePictures pictures = formats::read_template_pictures(pictures_file);
  formats::DetectedFaces faces = formats::read_detected_faces(faces_file);
  formats::check_same_pictures(pictures, faces, pictures_file, faces_file);
  const formats::IdIndex index(pictures.templates);
  Meta meta{faces_file, std::move(faces.names), std::move(faces.points), std::move(faces.scores), std::move(faces.lines), index.ids(), {}};
  meta.positions.reserve(pictures.templates.size());
  for (const int64_t id : pictures.templates) meta.positions.push_back(static_cast<uint32_t>(index.find(id)));
  return meta;
}

std::string score_note(const Meta& meta) {
  int64_t outside = 0;
  size_t first = 0;
  for (size_t i = 0; i < meta.scores.size(); ++i) {
    if (meta.scores[i] >= 0 && meta.scores[i] <= 1) continue;
    if (outside++ == 0) first = i;
  }
  if (outside == 0) return "";
  return fmt::format("\"{}\": detector scores outside [0, 1]: {}, the first is {} in line {}", meta.faces_file.filename().string(), outside,
                     meta.scores[first], meta.lines[first]);
}

}  // namespace lafs::ijb
