#pragma once
#include <cstdint>
#include <string>

#include "kernel/ledger/checkpoint_state.h"
#include "kernel/recipe/recipe.h"
#include "kernel/results/results_json.h"

namespace lafs {

/// What results.json of a run says besides the results; `fingerprint` is that of the training data, `evaluation_data` that
/// of what evaluators measure on, and `damaged` counts pictures.
ResultFacts result_facts(const Recipe& recipe, const std::string& fingerprint, const std::string& evaluation_data,
                         const RunPosition& position, int64_t damaged);

}  // namespace lafs
