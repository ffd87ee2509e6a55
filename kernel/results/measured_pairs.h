#pragma once
#include <string>
#include <vector>

#include "kernel/results/study_table.h"

namespace lafs {

/// Whether an evaluator compared other pairs of pictures in one line of a study than in another, under the same seed. `stage` empty: the
/// last of each line.
bool have_other_pairs(const Study& study, const std::string& stage, const std::string& evaluator);

/// Whether it is known to have compared the same pairs under all seeds of every line.
bool have_same_pairs(const Study& study, const std::string& stage, const std::string& evaluator);

/// Whether two recipes with evaluators of the same names are known to have measured on other pictures or lists: by their contents, so also
/// where a picture was replaced by another of its name.
bool saw_other_data(const std::vector<NamedMetrics>& results, const std::vector<NamedMetrics>& others);

/// A sentence about two runs, by their names, of which that is so.
std::string other_data_warning(const std::string& first, const std::string& other);

/// The same about two runs of a study; empty where there are none.
std::string other_data_warning(const Study& study, const std::string& stage);

}  // namespace lafs
