#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "imaging/align.h"
#include "lafs/sample.h"

namespace lafs {

/// A face in a picture, in its pixels.
struct FoundFace {
  imaging::FivePoints points{};
  std::array<float, 4> box{};  ///< left, top, right, bottom
};

/// The face that a picture is taken to be of: the one with the largest area of the box less twice the squared distance of its centre from
/// the picture's, as InsightFace chooses; the first of several equal ones. At least one face. [any thread]
const FoundFace& main_face(std::span<const FoundFace> faces, int64_t height, int64_t width);

/// Finds faces. [one thread at a time]
class FaceFinder {
 public:
  virtual ~FaceFinder() = default;
  virtual std::vector<FoundFace> find(const Image& picture) = 0;  ///< throws Error
};

}  // namespace lafs
