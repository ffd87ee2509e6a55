#include "runner/report/output_file.h"

#include <fmt/format.h>

#include "lafs/error.h"

namespace lafs {

void require_free(const std::filesystem::path& file, bool force) {
  std::error_code unknown;
  if (!force && std::filesystem::is_regular_file(file, unknown))
    throw Error(fmt::format("\"{}\" exists; --force overwrites it", file.string()));
}

}  // namespace lafs
