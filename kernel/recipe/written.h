#pragma once
#include <string>
#include <vector>

#include "kernel/recipe/document.h"

namespace lafs {

/// Dotted keys of every setting that a recipe says: "run.seed", "evaluator.0.folds", "head" where that is a name alone. All
/// others have their default values. What is no setting (title, paths, status) is left out.
std::vector<std::string> written_keys(const Node& recipe);

}  // namespace lafs
