#include "runner/report/work_folder.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <system_error>

#include <fmt/format.h>

#include "lafs/error.h"

namespace lafs {

WorkFolder::WorkFolder(const std::filesystem::path& named, const std::string& purpose) : path_(named) {
  if (!named.empty()) return;
  std::string name = (std::filesystem::temp_directory_path() / ("lafs-" + purpose + "-XXXXXX")).string();
  if (!::mkdtemp(name.data())) throw Error(fmt::format("cannot make a folder \"{}\": {}", name, std::strerror(errno)));
  path_ = name;
  temporary_ = true;
}

WorkFolder::~WorkFolder() {
  std::error_code ignored;
  if (temporary_) std::filesystem::remove_all(path_, ignored);
}

}  // namespace lafs
