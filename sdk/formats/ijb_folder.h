#pragma once

#include <filesystem>
#include <string_view>

namespace lafs::formats {

/// Whether `folder` is laid out as IJB-B and IJB-C are: `loose_crop/` with the pictures and `meta/` with the lists. A folder that has only
/// one of the two counts where `meta/` holds a list of faces, so that what is missing can be reported. [any thread]
bool is_ijb_folder(const std::filesystem::path& folder);

/// The one list of a kind in `root`/meta, by the end of its name, such as "_face_tid_mid.txt". Throws Error for none and for several,
/// as where lists of IJB-B and IJB-C lie together. [any thread]
///
///     ijb_list("IJBC", "_face_tid_mid.txt")  // IJBC/meta/ijbc_face_tid_mid.txt
std::filesystem::path ijb_list(const std::filesystem::path& root, std::string_view ending);

}  // namespace lafs::formats
