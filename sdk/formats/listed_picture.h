#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "formats/pair_list.h"
#include "lafs/data_source.h"

namespace lafs::formats {

/// The pictures of a list of pairs in a data source, where names of LFW's form have none of the endings that keys have.
struct ListedPictures {
  const PairList& list;
  const std::vector<std::string>& endings;  ///< tried in this order for names without one
  const DataSource& source;

  /// Index in the source; none for a picture that it does not have. [any thread]
  std::optional<int64_t> find(const std::string& key) const;
  /// The same. Throws Error at `place` for a picture that is not there: with the endings that were tried, and with the likely cause.
  int64_t at(const std::string& key, const std::string& place) const;
};

/// The endings that evaluators of pairs try unless they are told otherwise.
inline const std::vector<std::string> usual_endings{".jpg", ".png", ".pgm"};
/// Throws Error where other endings than these are given for lists of which none has LFW's names: they would do nothing.
void check_endings(const std::vector<std::string>& endings, bool has_lfw_names);

}  // namespace lafs::formats
