#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

#include "kernel/data/aligned_pictures.h"
#include "kernel/data/write_pictures.h"

namespace lafs {

/// What `lafs align` is told.
struct AlignRequest {
  AlignmentRequest pictures;
  std::filesystem::path landmarks, detector;  ///< one of the two
  PointOrder order = PointOrder::automatic;
  double scale = 1;          ///< of the list's coordinates
  double least_score = 0.6;  ///< of the detector
  bool records = false;      ///< a record set instead of a folder of pictures
  PictureFolderOptions output;
};

/// Aligns pictures with progress on the screen and prints what was written, or prints it as JSON. False when a signal stopped it; then
/// nothing is left. Throws Error. [main thread]
bool align_pictures(const AlignRequest& request, bool quiet, bool json);

}  // namespace lafs
