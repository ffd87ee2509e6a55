#pragma once
#include <string>

#include "kernel/results/study_table.h"

namespace lafs {

/// A study without one of its axes: a line for each combination of the other labels, with the mean over that axis, taken seed by seed, so
/// that differences stay paired. Seeds and values that not all lines of a mean have are left out; a line says in `troubles` which seeds,
/// and which values of the axis it lacks. Published values are left out. Throws Error for an axis that the study does not have, and for the
/// only one.
///
///   study_table(averaged_over("pictures per person", study), {.against = "none"})
Study averaged_over(const std::string& axis, const Study& study);

}  // namespace lafs
