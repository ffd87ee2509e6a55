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

/// A sentence where all folders are named by numbers whose order is not that of the folders, "10" before "2"; else empty.
std::string order_note(const Listing& folders);

}  // namespace lafs::image_folder
