#pragma once
#include <string>

#include "kernel/results/study_table.h"

namespace lafs {

/// Whether an evaluator compared other pairs of pictures in one line of a study than in another, under the same seed. `stage` empty: the
/// last of each line.
bool have_other_pairs(const Study& study, const std::string& stage, const std::string& evaluator);

/// Whether it is known to have compared the same pairs under all seeds of every line.
bool have_same_pairs(const Study& study, const std::string& stage, const std::string& evaluator);

}  // namespace lafs
