#pragma once
/// Plugins as a recipe sees them: loaded from the build, options from inline TOML, made by their factory.
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "kernel/recipe/reader.h"
#include "kernel/recipe/recipe.h"
#include "kernel/registry/registry.h"

namespace lafs::test {

/// Every plugin of this build.
inline Registry& registry() {
  static Registry* all = [] {
    auto* r = new Registry;
    r->load_folder(LAFS_TEST_PLUGINS);
    return r;
  }();
  return *all;
}

template <typename Kind>
Use<Kind> use(const std::string& plugin, std::string_view toml = "") {
  Use<Kind> made(plugin);
  read_options(toml, "inline.toml", made, registry());
  return made;
}

template <typename Kind, typename... Args>
std::shared_ptr<Kind> make(const std::string& plugin, std::string_view toml, Args&&... args) {
  return use<Kind>(plugin, toml).make(std::forward<Args>(args)...);
}

}  // namespace lafs::test
