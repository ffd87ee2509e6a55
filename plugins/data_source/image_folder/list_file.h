#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "listing.h"

namespace lafs::image_folder {

struct ReadList {
  Listing listing;
  std::vector<std::string> notes;  ///< for people: what the list is taken for, and what was changed
};

/// Pictures as a list names them, in its order (formats::read_picture_list has the forms). The identity of a picture without a label is its
/// folder; formats::number_labels numbers them. Throws Error with file and line.
ReadList read_list(const std::filesystem::path& list, const std::filesystem::path& root);

}  // namespace lafs::image_folder
