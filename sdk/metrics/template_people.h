#pragma once
#include <cstdint>
#include <span>

#include "metrics/bootstrap.h"

namespace lafs::metrics {

/// The people behind pairs of templates: templates that a chain of genuine pairs connects are of one person, any other is of a person of
/// its own. `first` and `second` are places of templates in [0, templates).
People people_of_templates(std::span<const uint32_t> first, std::span<const uint32_t> second, std::span<const uint8_t> genuine,
                           int64_t templates);

}  // namespace lafs::metrics
