#include "lafs/data_root.h"

#include <fmt/format.h>

#include "lafs/error.h"

namespace lafs {

void check_root(const Path& path) {
  if (!path.value.starts_with('@')) return;
  const std::string name = path.value.substr(1, path.value.find('/') - 1);
  throw Error(
      fmt::format("the data root \"{0}\" is not set; give --set paths.{0}=DIR{1}", name, name == "data" ? " or set LAFS_DATA" : ""));
}

}  // namespace lafs
