#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "formats/template_lists.h"
#include "lafs/data_source.h"

namespace lafs::formats {

/// The pictures of a list of templates, found in a data source by their names.
struct TemplateSet {
  std::vector<int64_t> templates, media;  ///< of each picture, in the order of the list
  std::vector<int64_t> indices;           ///< where the source has it
  std::vector<float> scores;              ///< of the detector; empty without a list of faces
  std::vector<std::string> notes;         ///< what is odd in the lists, and no error
};

/// Reads `face_tid_mid` and, unless `faces` is empty, `name_5pts_score`. Throws Error with file and line for what the readers refuse, for
/// lists that differ, and for a picture that the source lacks.
TemplateSet read_template_set(const std::filesystem::path& pictures, const std::filesystem::path& faces, const DataSource& source);

}  // namespace lafs::formats
