#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "formats/listed_picture.h"
#include "lafs/data_source.h"
#include "lafs/params.h"
#include "metrics/pairs.h"

namespace lafs::verification_groups {

struct GroupOptions {
  std::vector<Path> lists;
  std::vector<std::string> names, extension = formats::usual_endings;
  std::string missing = "error";
  int64_t folds = 10;

  void declare(Params& p);
};

struct Group {
  std::string name, note, warning;
  std::vector<metrics::Pair> pairs;  ///< as indices of the source
};

/// Throws Error for lists without names of their own, a picture that the source does not have unless these are skipped, with file and
/// line, for a list of one kind of pairs, and for fewer pairs than folds.
std::vector<Group> read_groups(const GroupOptions& options, const DataSource& source);

}  // namespace lafs::verification_groups
