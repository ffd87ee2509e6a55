#pragma once
#include <cstdint>
#include <functional>
#include <vector>

#include "kernel/data/picture_print.h"
#include "lafs/data_source.h"

namespace lafs {

/// Two pictures of which one is a copy of the other.
struct CopyPair {
  int64_t first = 0, second = 0;  ///< indices in the source; in `Copies::other` the second is one in the other source
  double agreement = 1;           ///< as photograph_agreement; 1 where they have the same pixels
  bool exact = false;             ///< the same decoded pixels
};

/// Pairs of copies, exact ones first, then by agreement. Of pictures that are all copies of each other only as many pairs are listed as
/// join them: a picture that is there five times gives four pairs.
struct Copies {
  std::vector<CopyPair> within, across;  ///< of one identity; of two: one picture under two names
  std::vector<CopyPair> other;           ///< every picture that the other source has too, with one of its copies there; those of equal
                                         ///< pixels here are one picture, unless the other source has the same pixels
  int64_t dropped = 0;                   ///< pairs that may be copies and were not looked at, because there are too many
  bool stopped = false;
};

/// What `find_copies` needs besides the source.
struct CopySearch {
  std::vector<PicturePrint> prints;   ///< by index; behind them those of the other source. Changed by the search
  std::vector<bool> whole;            ///< likewise: pictures that could be decoded
  const DataSource* other = nullptr;  ///< null: none
  int64_t threads = 1;
  /// Told how many of the pairs that may be copies were compared; false stops the search. [one thread at a time]
  std::function<bool(int64_t done, int64_t total)> go_on = [](int64_t, int64_t) { return true; };
};

/// Finds copies in two stages: pairs with like prints (alike_prints), of which both pictures are then decoded and compared
/// (photograph_agreement). Pictures of equal pixels are found by their hash. The result does not depend on the number of threads.
/// [main thread]
Copies find_copies(const DataSource& source, CopySearch& search);

}  // namespace lafs
