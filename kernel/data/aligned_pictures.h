#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "formats/other_endings.h"
#include "imaging/align.h"
#include "imaging/decode.h"
#include "kernel/data/check_source.h"
#include "kernel/data/listed_faces.h"
#include "lafs/data_source.h"
#include "lafs/named.h"

namespace lafs {

/// Which pictures are aligned, and how.
struct AlignmentRequest {
  std::filesystem::path pictures;  ///< folder; pictures in it and in the folders below it, hidden ones left out
  imaging::Exif exif = imaging::Exif::ignore;
  std::string face_template = "arcface";
  int64_t size = 112;         ///< rows of the aligned picture
  bool skip_missing = false;  ///< leave pictures without a face out instead of refusing them
};

/// What lies in a folder and in those below it. Hidden files and folders are left out, links to folders are not followed.
struct ListedFolder {
  std::vector<std::string> pictures;  ///< names relative to the folder, sorted bytewise
  formats::OtherEndings other_files;  ///< whose ending is not a picture's
};

/// Throws Error for a folder that is missing, and for one without pictures, saying what it holds instead.
ListedFolder list_pictures(const std::filesystem::path& folder);

/// Pictures of a folder, aligned by five points while they are read. Keys are names relative to the folder; a picture's identity is the
/// folder it lies in. Pictures without a face are left out, or all of them are told in one Error.
class AlignedPictures final : public DataSource, public Named {
 public:
  /// With faces for each of `names`, which are those of `list_pictures`.
  AlignedPictures(const AlignmentRequest& request, std::vector<std::string> names, FacesOfPictures faces);

  int64_t size() const override { return static_cast<int64_t>(names_.size()); }
  int64_t identities() const override { return static_cast<int64_t>(folders_.size()); }
  Sample get(int64_t index) const override;
  int64_t identity(int64_t index) const override { return identities_[static_cast<size_t>(index)]; }
  std::string key(int64_t index) const override { return names_[static_cast<size_t>(index)]; }
  std::optional<int64_t> find(const std::string& key) const override;
  std::string fingerprint() const override;
  std::string identity_name(int64_t identity) const override { return folders_[static_cast<size_t>(identity)]; }

  /// Pictures that were left out because no face is known in them.
  const std::vector<DamagedPicture>& missing() const { return missing_; }
  const imaging::FaceTemplate& face_template() const { return template_; }
  /// Pictures read so far two points or more of which lie outside of them, as those of a list do that was measured at another size.
  std::vector<std::string> with_points_outside() const;
  /// Leaves out these pictures, given with indices of before.
  void leave_out(const std::vector<DamagedPicture>& pictures);

 private:
  void keep(const std::vector<char>& kept);
  void number_folders();

  AlignmentRequest request_;
  imaging::FaceTemplate template_;
  std::vector<std::string> names_, folders_;
  std::vector<int64_t> identities_;
  std::vector<FoundFace> faces_;
  std::vector<uint64_t> begins_, ends_;  ///< of each picture's faces
  std::vector<DamagedPicture> missing_;
  mutable std::vector<char> outside_;  ///< of each picture, whether its points were seen to lie outside
};

/// Looks for faces in every picture, a finder for each thread. A picture that cannot be read has the reason instead. `go_on(done)` is asked
/// by one thread at a time; after a no, Error is thrown.
FacesOfPictures find_faces(const AlignmentRequest& request, const std::vector<std::string>& names,
                           const std::function<std::unique_ptr<FaceFinder>()>& make_finder, int64_t threads,
                           const std::function<bool(int64_t done)>& go_on);

}  // namespace lafs
