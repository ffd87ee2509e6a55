#pragma once
#include <memory>
#include <string>

#include "kernel/model/assembly.h"
#include "kernel/recipe/recipe.h"

namespace lafs::conformance {

/// An assembly of a recipe that names nothing: enough for components that make their own parts.
class EmptyRecipe {
 public:
  RecipeAssembly& assembly() { return assembly_; }

 private:
  Recipe recipe_;
  RecipeAssembly assembly_{recipe_, RecipeAssembly::Data::closed, [](const std::string&) {}};
};

}  // namespace lafs::conformance
