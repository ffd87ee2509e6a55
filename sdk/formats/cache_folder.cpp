#include "formats/cache_folder.h"

#include <cstdlib>

namespace lafs::formats {

namespace fs = std::filesystem;

fs::path cache_folder() {
  const char *cache = std::getenv("XDG_CACHE_HOME"), *home = std::getenv("HOME");
  fs::path root = cache ? cache : "";
  if (!root.is_absolute()) root = home && *home ? fs::path(home) / ".cache" : fs::path();
  return root.empty() ? root : root / "lafs";
}

}  // namespace lafs::formats
