#pragma once
#include <string>

#include "kernel/results/study_table.h"

namespace lafs {

/// A study without one of its axes: a line for each combination of the other labels, with the mean over that axis. It is taken in each
/// seed, so that differences stay paired, and over the labels of the axis that all lines have, so that lines are alike; `Study::average`
/// says over which. `stage` is the one whose values count; empty: the last of each line. Seeds and values that one of the averaged lines
/// lacks are left out, and `troubles` says which. Published values are left out. [any thread]
///
/// Throws Error for an axis or a stage that the study does not have, for its only axis, and where no label of the axis is there for all.
///
///     // what pre-training adds, over all numbers of pictures
///     const Study mean = averaged_over("pictures per person", study, "finetune");
///     const StudyTable table = study_table(mean, {.against = "none"});
Study averaged_over(const std::string& axis, const Study& study, const std::string& stage);

}  // namespace lafs
