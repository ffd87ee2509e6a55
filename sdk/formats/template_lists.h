#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "formats/id_index.h"

namespace lafs::formats {

/// The lists of an IJB folder's `meta/` (evaluation 3.1). Fields are separated by blanks or tabs; ids are any 64-bit whole numbers. Every
/// reader throws Error `FILE:LINE: error: REASON` for a line of another form and for an empty file, whatever the number of threads.

/// `face_tid_mid`: lines "PICTURE TEMPLATE MEDIA". A template is the pictures of one identity that are pooled, a medium a still or a video.
struct TemplatePictures {
  std::vector<std::string> names;
  std::vector<int64_t> templates, media;  ///< of each picture
  std::vector<int64_t> lines;             ///< where it is listed, for errors
};
TemplatePictures read_template_pictures(const std::filesystem::path& file);

/// `name_5pts_score`: lines "PICTURE X0 Y0 .. X4 Y4 SCORE": eyes, tip of the nose and mouth corners in pixels, left to right in the
/// picture.
struct DetectedFaces {
  std::vector<std::string> names;
  std::vector<std::array<float, 10>> points;  ///< x and y alternating
  std::vector<float> scores;                  ///< of the detector, as a rule in [0, 1]
  std::vector<int64_t> lines;
};
DetectedFaces read_detected_faces(const std::filesystem::path& file);

/// Throws Error unless both lists name the same pictures in the same order; `faces_file` is where the error points.
void check_same_pictures(const TemplatePictures& pictures, const DetectedFaces& faces, const std::filesystem::path& pictures_file,
                         const std::filesystem::path& faces_file);

/// `template_pair_label`: lines "TEMPLATE TEMPLATE 0|1", 1 for one person. Fifteen million take a fraction of a second.
struct TemplatePairs {
  std::vector<uint32_t> first, second;  ///< positions in the index that was given
  std::vector<uint8_t> genuine;
};
/// Also throws for a template that `known` lacks; `pictures_file` is named as the list that should have had it.
TemplatePairs read_template_pairs(const std::filesystem::path& file, const IdIndex& known, const std::filesystem::path& pictures_file);

/// `1N_gallery_*.csv` and `1N_probe_mixed.csv`: a heading, then lines "TEMPLATE,SUBJECT,...", a line a picture; fields may be quoted.
struct TemplateSubjects {
  std::vector<int64_t> templates, subjects;  ///< in ascending order of templates, each once, with the subject of its first line
  std::vector<int64_t> lines;                ///< that first line
};
TemplateSubjects read_template_subjects(const std::filesystem::path& file);

}  // namespace lafs::formats
