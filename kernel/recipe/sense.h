#pragma once
#include "kernel/recipe/diagnostics.h"
#include "kernel/recipe/document.h"
#include "kernel/recipe/recipe.h"

namespace lafs {

/// Reports options of `[run]` and `[optimizer]` whose values are in range, but leave nothing that trains: what reads as "off" and is not.
void check_sense(const Recipe& recipe, const Node& tree, Diagnostics& diagnostics);

}  // namespace lafs
