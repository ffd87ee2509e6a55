#pragma once
#include <string>

#include "kernel/recipe/diagnostics.h"
#include "kernel/recipe/document.h"

namespace lafs {

/// A rehearsal is a recipe with smaller settings on generated pictures: `lafs run --rehearse`. Schedules keep their shape: a run stops
/// after a few of its steps. `[rehearsal]` of a recipe says what else is to be smaller:
///
///     [rehearsal]
///     "backbone.depth" = 2
///
/// The settings that a rehearsal of the recipe in `tree` changes, by dotted keys: those of `[run]` that are larger than a rehearsal needs,
/// then those of its `[rehearsal]`.
Node::Fields rehearsal_settings(const Node& tree);

/// Folders of `folder` that take the place of all roots, "data" among them.
Roots rehearsal_roots(const Roots& roots, const std::string& folder);

/// `[rehearsal]`, flat: a key that `settings`, the recipe with every default written out, does not have is a mistake.
void check_rehearsal(const Node& table, const Node& settings, Diagnostics& diagnostics);

}  // namespace lafs
