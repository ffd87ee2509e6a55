#pragma once
#include "kernel/recipe/row.h"

namespace lafs {

/// Checks that the weights which a stage takes from earlier stages, or from files that are there, will fit, by building the networks; opens
/// no data. If only one of two recipes gives its number of identities, it counts for both. An earlier stage that cannot be built is
/// skipped: its own check says why. Throws Error with the places of both and the first tensor that does not fit. [main thread]
void check_inputs(const Row& row, const Stage& stage);

}  // namespace lafs
