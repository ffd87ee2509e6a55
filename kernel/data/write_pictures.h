#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "kernel/data/check_source.h"
#include "lafs/data_source.h"

namespace lafs {

struct PictureFolderOptions {
  std::filesystem::path out;   ///< a new or an empty folder; what is in it appears whole
  std::string format = "png";  ///< "png", without loss, or "jpeg"
  int quality = 95;            ///< of JPEG
  bool skip_damaged = false;   ///< leave pictures that cannot be read out instead of refusing them
  int64_t threads = 2;
};

struct PictureFolderResult {
  int64_t pictures = 0;
  uint64_t bytes = 0;
  std::vector<DamagedPicture> damaged;  ///< left out
};

/// Writes each picture of a source to a file of its own: its key, with the ending of the format. Keys are relative paths. `go_on(done)` is
/// asked now and then by one thread at a time; when it says no, nothing is left behind and Error is thrown. Throws Error as well for two
/// pictures that would come to one file, for an output that is there, and after the last picture when some cannot be read, with their
/// names. [main thread]
PictureFolderResult write_pictures(const DataSource& source, const PictureFolderOptions& options,
                                   const std::function<bool(int64_t done)>& go_on);

}  // namespace lafs
