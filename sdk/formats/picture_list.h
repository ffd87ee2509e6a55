#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace lafs::formats {

/// A line of a list of pictures.
struct ListedPicture {
  std::string path;   ///< as written: relative to the root of the list, or absolute; a file that is there
  std::string label;  ///< empty where the line has none
  int64_t line = 0;   ///< from 1
};

/// Calls `take` for each picture of a list, in its order. The first line decides the form:
///   plain         PATH, or PATH LABEL after a tab; after a blank, where PATH is the file that is there
///   MXNet         NUMBER LABEL PATH, several labels are possible: the first is the person's
///   InsightFace   ALIGNED PATH LABEL, perhaps a box and landmarks behind
/// Returns sentences for people: which form it is, and what of the lines is not used. Throws Error with file and line for a picture that is
/// not there, with its likely cause, for a line of another form, and for a line that can be read in two ways. Asks the file system for
/// every picture.
std::vector<std::string> read_picture_list(const std::filesystem::path& list, const std::filesystem::path& root,
                                           const std::function<void(const ListedPicture&)>& take);

/// Labels of pictures as numbers from 0 without gaps.
struct LabelNumbers {
  std::vector<int64_t> number;     ///< of each label that was given
  std::vector<std::string> names;  ///< the label of each number
  std::string change;              ///< a sentence on whole numbers that did not keep their value; empty where all did
};
/// Whole numbers keep their order as numbers, everything else is in the order of bytes. `folders`: whether some of them are names of
/// folders, so that none counts as a number. `line` is the first line of each label. Throws Error without a place for two labels that are
/// one number written differently, "7" and "07".
LabelNumbers number_labels(const std::vector<std::string>& labels, const std::vector<int64_t>& lines, bool folders);

/// Where a picture lies, for comparing: without "." and "..", relative to the root where it lies in it.
std::string plain_path(const std::string& path, const std::filesystem::path& root);

}  // namespace lafs::formats
