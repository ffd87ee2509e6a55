#pragma once
#include <cstdint>
#include <vector>

#include "runner/tools/show/contact_sheet.h"
#include "runner/tools/show/model_numbers.h"

namespace lafs {

/// zoom 0: as much as makes a picture readable.
ContactSheet landmark_sheet(const ShownModel& model, const std::vector<LandmarkNumbers>& all, int64_t zoom);
ContactSheet attention_sheet(const ShownModel& model, const std::vector<AttentionNumbers>& all, int64_t zoom);

}  // namespace lafs
