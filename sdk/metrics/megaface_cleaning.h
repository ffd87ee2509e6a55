#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "metrics/embeddings.h"

namespace lafs::metrics {

/// What of MegaFace's pictures is noise, and whose picture each probe is.
struct MegafaceNoise {
  std::vector<bool> probe, distractor;  ///< of each row
  std::vector<std::string> person;      ///< of each probe
  uint64_t seed = 1;                    ///< of the noise that is added
};

/// One more component for every unit row: 0, and 100 for a distractor that is noise, which is then far from everything. A probe that is
/// noise is replaced by unit(sum of the clean rows of its person + uniform noise in [-0.001, 0.001]), a function of seed, row and person
/// alone. InsightFace's remove_noises.py. Throws Error where the lengths differ.
Rows cleaned_probes(const Rows& unit, const MegafaceNoise& noise);
Rows cleaned_distractors(const Rows& unit, const MegafaceNoise& noise);

}  // namespace lafs::metrics
