#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

#include "kernel/data/epochs.h"
#include "kernel/ledger/checkpoint_state.h"
#include "kernel/recipe/recipe.h"

namespace lafs {

/// Lets the recipe train the run in `folder` to another length than it was begun with; to be called before its session, and without its
/// lock. Where the schedules change, the result is not what a run of the new length from the start gives: `[run] extends` gets the identity
/// and the step of the newest checkpoint, and the recipe an identity of its own. Where only `[run] steps` differs, the weights are those of
/// a run that was never stopped, and so is the identity; as the checkpoint has another, that one is returned, for
/// `SessionRequest::extends`. In every other case, also where the folder holds the recipe's own run already, the text is empty.
/// Throws Error for a folder without a checkpoint, and for a run that differs in more than its length.
std::string extend_run(Recipe& recipe, const std::filesystem::path& folder);

/// Whether a training with this recipe may go on from the checkpoint: it is its own, or the one that it extends, which `extends` may name
/// as well.
bool goes_on_from(const Recipe& recipe, const std::string& extends, const CheckpointFacts& facts, int64_t step);

/// Whether the recipe of a checkpoint differs in nothing but its length.
bool differs_in_length(const Recipe& recipe, const CheckpointFacts& facts);

/// A sentence about what changes at the step where an extension begins. Throws Error when nothing is left to train.
std::string extension_note(const Recipe& recipe, const Epochs& epochs, const CheckpointFacts& before, int64_t step);

}  // namespace lafs
