#pragma once
#include <optional>
#include <string>

#include "kernel/results/study_table.h"

namespace lafs {

/// What `StudyTableOptions::against` means in a study; nothing if it is empty and there is one line. Throws Error where it names no line
/// and no label, or several.
std::optional<StudyComparison> comparison_of(const Study& study, const std::string& against);

}  // namespace lafs
