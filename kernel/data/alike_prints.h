#pragma once
#include <cstdint>
#include <functional>
#include <vector>

#include "kernel/data/picture_print.h"

namespace lafs {

/// Two pictures that may be copies.
struct AlikePair {
  uint32_t first = 0, second = 0;  ///< first < second
  float similarity = 0;            ///< cosine of what distinguishes them from the mean picture of the set, [-1, 1]
};

struct AlikePrints {
  std::vector<AlikePair> pairs;  ///< the most similar first
  int64_t dropped = 0;           ///< at least so many more, less similar than all of them
};

/// The pairs among the `chosen` of `prints`, ascending, whose similarity is at least `least`. Every frequency counts in the deviations it
/// has in the set, so that aligned faces, which are alike to begin with, are told apart. It takes about n log n: only pairs that agree in
/// some of a few random choices of signs are compared, which misses some of the least similar pairs of large sets. At most 2 pairs a
/// picture and 10,000 more are kept. `first_only`: pairs from there on, of two others, are not wanted. `go_on` is asked now and then; after
/// a no the pairs found so far are returned. The prints of the chosen are replaced by what is compared. 24 bytes a picture.
AlikePrints alike_prints(std::vector<PicturePrint>& prints, const std::vector<uint32_t>& chosen, uint32_t first_only, float least,
                         const std::function<bool()>& go_on);

}  // namespace lafs
