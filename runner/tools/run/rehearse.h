#pragma once
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "kernel/recipe/row.h"
#include "kernel/run/rehearsal_data.h"
#include "runner/tools/run/run.h"

namespace lafs {

/// A row made small, ready to run.
struct Rehearsal {
  Row row;
  RehearsalSize size;
  std::string changes;  ///< a line for each stage: what was made smaller

  std::string heading() const;  ///< for a person, before it runs
};

/// Opens the recipe of `request` as a rehearsal in `request.out`, by default runs/rehearsals/<recipe>, and writes generated pictures where
/// its data sources look for files. Throws Error or RecipeError.
Rehearsal open_rehearsal(const RunRequest& request, Registry& registry);

/// The results of a row as a rehearsal shows them: the first metric of each evaluator, and no warnings that pairs are few.
nlohmann::json shortened(nlohmann::json results);

/// Throws Error for published values that no evaluator measured: their comparison would have failed after the real run.
void require_published(const nlohmann::json& results);

}  // namespace lafs
