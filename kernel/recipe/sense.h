#pragma once
#include <string>
#include <vector>

#include "kernel/recipe/diagnostics.h"
#include "kernel/recipe/document.h"
#include "kernel/recipe/recipe.h"

namespace lafs {

/// Reports options of `[run]`, `[input]` and `[optimizer]` whose values are in range, but leave nothing that trains, or are not heeded
/// where a recipe trains: what reads as "off" and is not.
void check_sense(const Recipe& recipe, const Node& tree, Diagnostics& diagnostics);

/// Sentences for people about a recipe that does what it says, which may not be what was meant.
std::vector<std::string> sense_notes(const Recipe& recipe);

}  // namespace lafs
