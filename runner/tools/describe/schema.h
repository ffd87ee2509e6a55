#pragma once
#include <nlohmann/json_fwd.hpp>

#include "kernel/registry/registry.h"

namespace lafs {

/// Recipes as JSON Schema (draft 7), for editors: what `[run]`, `[input]` and every plugin of the registry take, with texts, defaults and
/// ranges. It knows keys and values of one file; what a base adds, and rules across options, only `lafs check` knows.
nlohmann::json recipe_schema(const Registry& registry);

}  // namespace lafs
