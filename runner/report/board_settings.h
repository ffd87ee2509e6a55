#pragma once
#include <vector>

#include "formats/event_messages.h"
#include "kernel/recipe/recipe.h"

namespace lafs {

/// What TensorBoard's table of hyper-parameters shows of a recipe: every setting that can change the training, by its key as `--set` takes
/// it. Lists are text.
std::vector<formats::BoardSetting> board_settings(const Recipe& recipe);

}  // namespace lafs
