#pragma once
#include <string>

#include "kernel/ledger/ledger.h"
#include "kernel/recipe/row.h"
#include "kernel/registry/registry.h"

namespace lafs {

/// For each stage of a row, or each different one of a grid with the first cell that has it: where it is finished or how far it came, or
/// why it would run again: what differs between it and the stage of the same name that is most like it. Throws RecipeError with every
/// mistake of the recipe. [main thread]
std::string why_text(const Ledger& ledger, const std::filesystem::path& recipe, const RecipeContext& context, Registry& registry);

}  // namespace lafs
