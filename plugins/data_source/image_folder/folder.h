#pragma once
#include <filesystem>

#include "left_out.h"
#include "listing.h"

namespace lafs::image_folder {

/// One folder an identity under `root`, sorted bytewise; in it files by name, then its folders. Each picture once: links are followed where
/// they lead to something that is not listed without them. All else is counted in `left_out`, folders of the root without pictures too:
/// they are no identities. Throws Error for a root that is missing, cannot be listed, or has no picture in a folder.
Listing list_folder(const std::filesystem::path& root, LeftOut& left_out);

}  // namespace lafs::image_folder
