#pragma once
#include "kernel/recipe/row.h"

namespace lafs {

/// Whether the weights that a stage takes from earlier ones will fit, told from the networks alone; opens no data. Where one of both
/// stages says nothing of its identities, both count as having the same number. An earlier stage that cannot be built is passed over:
/// its own check tells why. Throws Error with the places of both and the first tensor that does not fit. [main thread]
void check_inputs(const Row& row, const Stage& stage);

}  // namespace lafs
