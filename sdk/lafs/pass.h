#pragma once
#include <memory>
#include <string_view>

#include "lafs/draws.h"

namespace lafs {

class Collective;

/// How a network is run. No draws means no chance: dropouts and drop-path are the identity.
/// `training` alone decides about BatchNorm; the mode of the module tree is never looked at.
/// Take a training pass from `Step::pass()` and narrow it with scope and views, so that what it carries stays with it.
struct Pass {
  bool training = false;
  std::shared_ptr<const Draws> draws;  ///< rows in the order of the input's rows, or null
  Collective* collective = nullptr;    ///< for statistics over all ranks; null: of this process alone

  Pass scope(std::string_view name) const { return {training, draws ? draws->scope(name) : nullptr, collective}; }
  /// A training pass without chance: a teacher that drops nothing out, and whose batch norms see the batch.
  Pass without_draws() const { return {training, nullptr, collective}; }
  Pass views(int64_t count, int64_t first = 0) const { return {training, draws ? draws->views(count, first) : nullptr, collective}; }
};

}  // namespace lafs
