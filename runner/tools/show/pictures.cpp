#include "runner/tools/show/pictures.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "formats/atomic_file.h"
#include "imaging/decode.h"
#include "imaging/encode.h"
#include "lafs/error.h"
#include "runner/report/say.h"

namespace lafs {

namespace fs = std::filesystem;

std::vector<fs::path> picture_files(const std::vector<fs::path>& named) {
  std::vector<fs::path> files;
  for (const fs::path& path : named) {
    if (!fs::exists(path)) throw Error(fmt::format("\"{}\" does not exist", path.string()));
    if (!fs::is_directory(path)) {
      files.push_back(path);
      continue;
    }
    std::vector<fs::path> inside;
    for (const auto& entry : fs::recursive_directory_iterator(path)) {
      if (entry.is_regular_file() && imaging::is_image_name(entry.path())) inside.push_back(entry.path());
    }
    if (inside.empty()) throw Error(fmt::format("\"{}\" holds no picture", path.string()));
    std::sort(inside.begin(), inside.end());
    files.insert(files.end(), inside.begin(), inside.end());
  }
  return files;
}

void write_sheet(const fs::path& file, const Sheet& sheet, bool force) {
  require_free(file, force);
  const std::vector<uint8_t> bytes = imaging::encode_png(sheet.image());
  formats::write_atomically(file, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  say("{}: {} x {} pixels\n", file.string(), sheet.width(), sheet.height());
}

int64_t zoom_for(int64_t side, int64_t wanted, int64_t asked) {
  return asked > 0 ? asked : std::max<int64_t>(1, (wanted + side - 1) / side);
}

}  // namespace lafs
