#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include "kernel/recipe/row.h"
#include "runner/tools/show/contact_sheet.h"

namespace lafs {

struct ViewRequest {
  int64_t pictures = 8;  ///< of the epoch's order, from its first on
  int64_t epoch = 0;     ///< 0 is the first
  int64_t zoom = 0;      ///< pixels of the sheet for a pixel; 0: as many as make a view readable
};

/// The first pictures of an epoch with every view that training makes of them, and with what an objective that looks at landmarks cuts
/// out of the views. The same sampler, augmentation and chance as in `lafs run`. Opens the data, and builds the objective only where
/// the augmentation makes "_clean" views. `note` hears what was loaded. Throws Error for an epoch that the run does not have.
ContactSheet view_sheet(const Row& row, const Stage& stage, const ViewRequest& request,
                        const std::function<void(const std::string&)>& note);

}  // namespace lafs
