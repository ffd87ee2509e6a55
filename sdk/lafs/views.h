#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace lafs {

/// One named group of views of equal size: "image" for supervised work, "global" and "local" for self-supervision,
/// "global_clean" and "local_clean" beside them when view i of both is cut from the same crop.
struct ViewGroup {
  std::string name;
  int64_t count = 1, height = 112, width = 112;
  bool landmarks = false;  ///< whether each view carries landmarks moved with its crop
  bool operator==(const ViewGroup&) const = default;
};
using ViewLayout = std::vector<ViewGroup>;

/// Where an augmentation writes: one image's slots in the batch, 8-bit RGB HWC, uninitialised. [one thread at a time]
class Views {
 public:
  virtual ~Views() = default;
  /// height * width * 3 bytes of view `index` of group `group` (its position in the layout).
  virtual std::span<uint8_t> image(size_t group, int64_t index) = 0;
  /// Writes x0 y0 x1 y1 ... in pixels of that view; every picture of a run has the same number of landmarks.
  virtual void landmarks(size_t group, int64_t index, std::span<const float> points) = 0;
};

}  // namespace lafs
