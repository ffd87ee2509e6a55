#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace lafs::formats {

/// A face of a list of landmarks.
struct ListedFace {
  std::string picture;                      ///< as written
  std::vector<float> numbers;               ///< 10, or 136 for 68 points, in the order of the list; empty: no face was found
  std::optional<std::array<float, 4>> box;  ///< left, top, right, bottom, where the line has one
  int64_t line = 0;                         ///< from 1
};

/// What a list turned out to be.
struct LandmarkListForm {
  std::string what;      ///< for people, such as "picture, label, five points"
  bool columns = false;  ///< the form itself says that all x come before all y
};

/// Calls `take` for each face of a list, in its order. Fields are separated by tabs, commas or blanks; a first line that only names columns
/// and a first line that is only a number are passed over. What the numbers are follows from the first face:
///   picture [label] [box: 4] [score] 5 points [score]     as MTCNN, RetinaFace and IJB's lists; a score lies in [0, 1]
///   picture 68 points
///   aligned picture label [box: 4 [5 points]]             InsightFace's .lst, with tabs: all x before all y
///   # picture                                             RetinaFace's label.txt: below it a line for each face, left top width height
///   left top width height 5 times (x y flag) [blur]       and points, each with a flag that is -1 where there is none
/// Throws Error with file and line for a line of another form, a number that is not finite, and an empty list.
LandmarkListForm read_landmark_list(const std::filesystem::path& list, const std::function<void(ListedFace&&)>& take);

}  // namespace lafs::formats
