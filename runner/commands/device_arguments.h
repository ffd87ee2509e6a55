#pragma once
#include <cstdint>
#include <string>

#include "kernel/recipe/recipe.h"

namespace CLI {
class App;
}

namespace lafs {

/// Short forms of `--set run.device=...`, `run.threads` and `run.precision`, named as `lafs embed` names them.
struct DeviceArguments {
  std::string device, precision;  ///< empty: as the recipe says
  int64_t threads = 0;            ///< 0: as the recipe says

  /// `--device`, `--precision` and `--threads`.
  void add_to(CLI::App& command);
  /// Adds those that were given to the overrides. Throws Error where `--set` names the same key.
  void override_in(RecipeContext& context) const;
};

}  // namespace lafs
