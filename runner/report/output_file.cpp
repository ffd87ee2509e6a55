#include "runner/report/output_file.h"

#include <fmt/format.h>

#include "lafs/error.h"

namespace lafs {

void require_free(const std::filesystem::path& file, bool force) {
  std::error_code unknown;
  if (!force && std::filesystem::is_regular_file(file, unknown))
    throw Error(fmt::format("\"{}\" exists; --force overwrites it", file.string()));
}

void make_folder_of(const std::filesystem::path& file) {
  const std::filesystem::path folder = file.parent_path();
  if (folder.empty()) return;
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw Error(fmt::format("cannot make the folder \"{}\": {}", folder.string(), error.message()));
}

}  // namespace lafs
