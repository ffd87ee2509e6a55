#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "formats/face_writer.h"
#include "lafs/data_source.h"

namespace lafs {

struct PackOptions {
  std::filesystem::path out;  ///< folder of the set; appears whole
  formats::FaceWriter::Style style = formats::FaceWriter::Style::range;
  std::string format = "keep";  ///< "keep": JPEG and PNG bytes of the source as they are, else JPEG; "jpeg", "png": all encoded again
  int quality = 95;             ///< of JPEG
  bool full_chroma = false;     ///< JPEG colour at full resolution
  bool count_line = false;      ///< a second line of the property file with the number of pictures
  bool force = false;           ///< replace a record set that is there
  int64_t shards = 1;           ///< files of about equal numbers of pictures; in range style an identity stays in one
  int64_t threads = 2;
};

struct PackResult {
  formats::FaceWriter::Style style = formats::FaceWriter::Style::range;  ///< plain where range style cannot hold so many
  int64_t pictures = 0, copied = 0;                                      ///< copied: bytes taken as they were
  uint64_t bytes = 0;                                                    ///< of all encoded pictures
  std::vector<std::filesystem::path> files;
  std::map<std::pair<int64_t, int64_t>, int64_t> sizes;  ///< pictures by height and width
};

/// Writes a source as a face record set: labels as the source has them; range style orders pictures by label, plain style keeps the
/// source's order. `go_on(done)` is asked between blocks of pictures; when it says no, nothing is left behind and Error is thrown.
/// Throws Error for an output that is there, or is not a record set, and after the last picture when some cannot be decoded, with their
/// names. [one thread at a time]
PackResult pack(const DataSource& source, const PackOptions& options, const std::function<bool(int64_t)>& go_on);

}  // namespace lafs
