#include "formats/megaface.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <system_error>

#include "formats/atomic_file.h"
#include "formats/little_endian.h"
#include "formats/pread_file.h"
#include "formats/text_file.h"
#include "lafs/error.h"

namespace lafs::formats {
namespace {

namespace fs = std::filesystem;

constexpr size_t feature_header_bytes = 16;
constexpr uint64_t feature_row_bytes = 4, feature_type = 5;

[[noreturn]] void wrong_feature(const fs::path& file, const std::string& reason) {
  throw Error(fmt::format("\"{}\" is not a feature file of MegaFace: {}", file.string(), reason));
}

}  // namespace

void write_megaface_feature(const fs::path& file, std::span<const float> values) {
  std::string bytes;
  for (const uint64_t number : {static_cast<uint64_t>(values.size()), uint64_t{1}, feature_row_bytes, feature_type})
    append_little_endian(bytes, number, 4);
  for (const float value : values) append_little_endian(bytes, std::bit_cast<uint32_t>(value), 4);
  write_atomically(file, bytes);
}

std::vector<float> read_megaface_feature(const fs::path& file) {
  const PreadFile in(file);
  if (in.size() < feature_header_bytes) wrong_feature(file, fmt::format("it has {} bytes, and the header alone has 16", in.size()));
  std::vector<uint8_t> bytes(in.size());
  in.read(0, bytes);
  const auto number = [&](size_t at) { return from_little_endian(bytes.data() + 4 * at, 4); };
  const uint64_t rows = number(0);
  if (number(1) != 1) wrong_feature(file, fmt::format("it has {} columns, expected 1", number(1)));
  if (number(2) != feature_row_bytes || number(3) != feature_type)
    wrong_feature(file, fmt::format("its rows have {} bytes of type {}, expected 4 of type 5", number(2), number(3)));
  if (rows == 0 || in.size() != feature_header_bytes + feature_row_bytes * rows)
    wrong_feature(file, fmt::format("its header says {} rows, and it has {} bytes", rows, in.size()));
  std::vector<float> values;
  for (uint64_t r = 0; r < rows; ++r) {
    values.push_back(std::bit_cast<float>(static_cast<uint32_t>(number(4 + r))));
    if (!std::isfinite(values.back())) throw Error(fmt::format("row {} of \"{}\" is not finite", r, file.string()));
  }
  return values;
}

std::vector<std::string> megaface_features(const fs::path& folder, std::string_view ending) {
  std::vector<std::string> names;
  std::error_code problem;
  fs::recursive_directory_iterator at(folder, fs::directory_options::follow_directory_symlink, problem);
  for (; !problem && at != fs::recursive_directory_iterator(); at.increment(problem))
    if (at->path().filename().string().ends_with(ending) && at->is_regular_file())
      names.push_back(at->path().lexically_relative(folder).string());
  if (problem) throw Error(fmt::format("cannot list \"{}\": {}", folder.string(), problem.message()));
  if (names.empty()) throw Error(fmt::format("\"{}\" has no file whose name ends in \"{}\"", folder.string(), ending));
  std::sort(names.begin(), names.end());
  return names;
}

std::set<std::string> read_facescrub_noise(const fs::path& list) {
  std::set<std::string> names;
  for (TextFile in(list); in.next();) {
    if (in.line().starts_with('#')) continue;
    if (in.line().find_first_of("/\t") != std::string::npos)
      in.fail(fmt::format("\"{}\" is not the file name of a picture", shown(in.line())));
    try {
      facescrub_person(in.line());
    } catch (const Error& error) {
      in.fail(error.what());
    }
    names.insert(in.line());
  }
  return names;
}

std::set<std::string> read_distractor_noise(const fs::path& list) {
  std::set<std::string> paths;
  for (TextFile in(list); in.next();) {
    if (in.line().starts_with('#')) continue;
    const size_t tab = in.line().find('\t');
    const std::string_view behind = tab == std::string::npos ? std::string_view(in.line()) : std::string_view(in.line()).substr(tab + 1);
    const std::string path(without_blanks(behind.substr(0, behind.find('\t'))));
    if (std::count(path.begin(), path.end(), '/') < 2)
      in.fail(fmt::format("\"{}\" is not the path of a distractor, FOLDER/FOLDER/FILE", shown(path)));
    paths.insert(last_parts(path, 3));
  }
  return paths;
}

std::string facescrub_person(std::string_view file_name) {
  const size_t end = file_name.rfind('_');
  if (end == std::string_view::npos || end == 0)
    throw Error(fmt::format("\"{}\" names no person: a picture of FaceScrub is called NAME_NUMBER", shown(file_name)));
  return std::string(file_name.substr(0, end));
}

std::string last_parts(std::string_view path, int parts) {
  size_t from = path.size();
  for (; parts > 0 && from != std::string_view::npos; --parts) from = from == 0 ? std::string_view::npos : path.rfind('/', from - 1);
  return std::string(from == std::string_view::npos ? path : path.substr(from + 1));
}

}  // namespace lafs::formats
