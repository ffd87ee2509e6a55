#include "meta.h"

#include <fmt/format.h>

#include "formats/id_index.h"
#include "formats/ijb_folder.h"
#include "formats/template_lists.h"

namespace lafs::ijb {

namespace fs = std::filesystem;

Meta read_meta(const fs::path& root) {
  const fs::path pictures_file = formats::ijb_list(root, "_face_tid_mid.txt"), faces_file = formats::ijb_list(root, "_name_5pts_score.txt");
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
