#pragma once
#include <nlohmann/json_fwd.hpp>

#include "kernel/results/study_table.h"

namespace lafs {

/// {"title", "columns":[{"title", "unit"}], "average":{"axis", "labels", "left_out"}, "against", "lines":[{"labels", "against":[label],
/// "seeds", "troubles", "deviations", "values":[{"mean", "standard_deviation", "seeds", "best", "difference",
/// "standard_error_of_difference", "p", "published", "tolerance", "reproduced"}]}], "others":[{"method", "backbone", "training_set",
/// "source", "values":[number]}]}. A line's "against" are the labels of the line that it is compared with.
/// Shares are in [0, 1]; a value that was not measured is null, and so is a number that does not exist.
nlohmann::json study_table_json(const StudyTable& table);

}  // namespace lafs
