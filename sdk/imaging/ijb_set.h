#pragma once
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "lafs/data_source.h"
#include "lafs/rng.h"

namespace lafs::imaging {

struct IjbSetOptions {
  int64_t probes = 2;              ///< templates of each person beside the one of the gallery
  int64_t media = 3;               ///< of a template; every second one is a video of several frames
  int64_t frames = 3;              ///< of a video
  int64_t impostors = 10;          ///< comparisons of each probe with other people's galleries
  int64_t size = 150;              ///< rows and columns of a loose crop
  double turn = 15, shift = 0.06;  ///< how far faces are turned, in degrees, and moved, in sides of the picture
  double noise = 0.5;              ///< deviation of the landmarks, pixels
  uint64_t seed = 1;
};

/// One row of the lists of an `IjbSet`.
struct IjbRow {
  int64_t picture;  ///< index in the source
  int64_t person, template_id, medium;
};

/// A set like IJB-B or IJB-C of any size: loose_crop/ and meta/ with every list of the protocols. Templates have ids with gaps and rows
/// that are not together, as in the real sets.
///
///     IjbSet(*synthetic_faces, "/tmp/IJBC", {.probes = 1}).write();
class IjbSet {
 public:
  /// `source` has landmarks, and its pictures of a person follow each other. `root` is called IJBB or IJBC, which its lists are named
  /// after; any other folder gets those of IJB-C.
  IjbSet(const DataSource& source, std::filesystem::path root, const IjbSetOptions& options);

  const std::vector<IjbRow>& rows() const { return rows_; }
  /// Throws Error naming the file that cannot be written. [main thread]
  void write() const;

 private:
  struct Template {
    int64_t id, person;
    bool gallery;
  };

  Rng chance(uint64_t what, int64_t of) const { return Rng(fold(fold(options_.seed, what), static_cast<uint64_t>(of))); }
  void write_list(const std::string& name, const std::string& text) const;
  std::string write_picture(int64_t row) const;
  void write_pictures() const;
  void write_pairs() const;
  template <typename Wanted>
  void write_subjects(const std::string& name, const Wanted& wanted) const;

  const DataSource& source_;
  std::filesystem::path root_;
  std::string set_;  ///< "ijbb"
  IjbSetOptions options_;
  std::vector<Template> templates_;
  std::vector<IjbRow> rows_;
};

}  // namespace lafs::imaging
