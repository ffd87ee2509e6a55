#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "kernel/data/check_source.h"
#include "kernel/data/copies.h"
#include "lafs/data_source.h"

namespace lafs {

/// Colours over all pictures.
struct ColourFindings {
  int64_t grey = 0, first_grey = -1;  ///< pictures whose three channels are equal everywhere, and the index of the first
  int64_t coloured = 0, bluer = 0;    ///< the others, and those of them whose middle, where a face is, has more blue than red

  /// Skin is redder than blue in any light that pictures are taken in, so a set where most middles are bluer has red and blue exchanged.
  bool probably_bgr() const { return coloured >= enough && static_cast<double>(bluer) >= majority * static_cast<double>(coloured); }
  static constexpr int64_t enough = 100;
  static constexpr double majority = 0.8;
};

/// What the labels and names of a source say, without a look at its pictures.
struct LabelFindings {
  int64_t with_pictures = 0;                         ///< identities
  int64_t smallest = -1, largest = -1;               ///< of their numbers
  std::vector<std::pair<int64_t, int64_t>> without;  ///< ranges of numbers without a picture, first and last
  std::vector<int64_t> single;                       ///< indices of pictures that are the only ones of their identity
};

/// What two sources share.
struct SharedFindings {
  std::string source;              ///< the other, as it was named
  int64_t pictures = 0;            ///< that it has
  int64_t damaged = 0;             ///< of them, which could not be compared
  bool names_compared = false;     ///< whether both know their people by names
  std::vector<std::string> names;  ///< that both have, in order
};

struct SourceFindings {
  SourceCheck check;
  LabelFindings labels;
  std::map<std::pair<int64_t, int64_t>, int64_t> sizes;  ///< pictures by height and width
  ColourFindings colours;
  Copies copies;
  SharedFindings shared;
  bool stopped = false;
};

LabelFindings find_labels(const DataSource& source);

/// Names that are people's in both sources. Numbers that happen to be equal say nothing: a source without names gives none.
SharedFindings find_shared_names(const DataSource& source, const DataSource& other);

struct FindingsRequest {
  int64_t threads = 1;
  bool copies = true;                 ///< look for copies too
  const DataSource* other = nullptr;  ///< to compare with; null: none
  /// Told how far the work of a phase is; false stops it. [one thread at a time]
  std::function<bool(const char* phase, int64_t done, int64_t total)> go_on = [](const char*, int64_t, int64_t) { return true; };
};

/// Everything a source says about itself: decodes every picture once, and those once more that may be copies. Less than 200 bytes a
/// picture. [main thread]
SourceFindings find_in_source(const DataSource& source, const FindingsRequest& request);

}  // namespace lafs
