#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "kernel/data/found_face.h"

namespace lafs {

/// How a list writes five points: x0 y0 x1 y1 ..., or x0 .. x4 y0 .. y4 as arrays of MTCNN. `automatic`: the order in which more faces of
/// the list look like faces.
enum class PointOrder { automatic, pairs, columns };

/// Faces of pictures: those of picture i are faces[begins[i]] up to faces[begins[i + 1]].
struct FacesOfPictures {
  std::vector<FoundFace> faces;
  std::vector<uint64_t> begins;
  std::map<size_t, std::string> reasons;  ///< why a picture without a face has none, where more is known than that
  std::vector<std::string> notes;         ///< sentences for people: what was read, and what was passed over
};

/// Faces of a list (`formats::read_landmark_list`) for pictures below `root`, whose names come sorted bytewise. `scale` multiplies every
/// coordinate: for lists that were measured on pictures of another size. Throws Error for a list that cannot be read, and where no picture
/// of the list is there.
FacesOfPictures read_listed_faces(const std::filesystem::path& list, const std::vector<std::string>& names,
                                  const std::filesystem::path& root, PointOrder order, double scale);

}  // namespace lafs
