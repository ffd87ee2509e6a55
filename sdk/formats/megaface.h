#pragma once
#include <cstdint>
#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lafs::formats {

/// A feature as MegaFace's development kit reads it, a file for each picture: four little-endian int32, which are the rows, 1 column, 4
/// bytes a row and type 5 (fp32), then the rows.
void write_megaface_feature(const std::filesystem::path& file, std::span<const float> values);

/// Throws Error naming the file: too short, another type or number of columns, rows that are not the file's, a number that is not finite.
std::vector<float> read_megaface_feature(const std::filesystem::path& file);

/// Feature files of a folder, in the order of their paths relative to it; only those whose name ends in `ending`, such as "_lafs.bin".
/// Throws Error for a folder that cannot be listed or has none.
std::vector<std::string> megaface_features(const std::filesystem::path& folder, std::string_view ending);

/// A list of noise, a line each; lines that begin with "#" are comments. Of FaceScrub: file names of pictures. Of the distractors: paths,
/// in the second field where a line has a tab; their last three parts count. Throws Error with file and line for a line of neither kind.
std::set<std::string> read_facescrub_noise(const std::filesystem::path& list);
std::set<std::string> read_distractor_noise(const std::filesystem::path& list);

/// The person of a picture of FaceScrub: what stands before the last "_" of its file's name. Throws Error for a name without one.
std::string facescrub_person(std::string_view file_name);

/// The last `parts` parts of a path: "c/d" of "a/b/c/d" for 2.
std::string last_parts(std::string_view path, int parts);

}  // namespace lafs::formats
