#pragma once
#include <optional>
#include <string>

#include "kernel/results/study_table.h"

namespace lafs {

/// What `StudyTableOptions::against` means in a study; nothing if it is empty and there is one line. Throws Error where it names no line
/// and no label or several, and where no line has a counterpart. [any thread]
///
///     comparison_of(study, "4, DINO");             // every other line is compared with this one
///     comparison_of(study, "pre-training=none");   // "4, DINO" is compared with "4, none", and "1, DINO" with "1, none"
std::optional<StudyComparison> comparison_of(const Study& study, const std::string& against);

}  // namespace lafs
