#pragma once
#include <cstdint>
#include <string>

namespace lafs::imaging {

/// What "rand-m1-mstd0.5-inc1" says of RandAugment. Without a section: its value here.
struct RandAugmentPolicy {
  double magnitude = 10;    ///< m, a whole number in [0, 10]
  double noise = 0;         ///< mstd, in [0, 10]
  int64_t count = 2;        ///< n, in [1, 100]
  bool increasing = false;  ///< inc: any number turns it on, 0 too (quirk FT-23)
};

/// Throws Error that names every section which is none of these, comes twice, or has a number that does not fit.
RandAugmentPolicy read_policy(const std::string& text);

}  // namespace lafs::imaging
