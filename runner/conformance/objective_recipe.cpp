#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kernel/model/assembly.h"
#include "kernel/recipe/document.h"
#include "kernel/recipe/recipe.h"
#include "lafs/error.h"
#include "runner/conformance/objective_suite.h"
#include "runner/conformance/suites.h"

namespace lafs::conformance {

namespace {

/// What every objective is tried with; the example adds its own table, the augmentation and what else it needs.
const char* common_recipe = R"(
[run]
batch = 8
epochs = 2
[input]
height = 64
width = 64
[data_source]
use = "synthetic_faces"
identities = 4
per_identity = 4
size = 64
[backbone]
use = "fvit"
patch = 8
dim = 48
depth = 2
heads = 3
dim_head = 16
mlp_dim = 64
dropout = 0
emb_dropout = 0
drop_path = 0
[projector]
use = "dino_head"
hidden = 32
bottleneck = 16
outputs = 40
[head]
use = "cosface"
[optimizer]
use = "adamw"
)";

/// The augmentation whose views the objective asks for, small.
std::string fitting_augmentation(RecipeContext context, Registry& registry) {
  context.overrides.emplace_back("augmentation.use", "none");
  const Recipe recipe = open_recipe_text(common_recipe, "conformance.toml", context, registry);
  RecipeAssembly assembly(recipe, RecipeAssembly::Data::open, [](const std::string&) {});
  bool several = false, clean = false, landmarks = false;
  int64_t locals = 2, globals = 2;
  for (const ViewNeed& need : assembly.objective()->required_views()) {
    several = several || need.group != "image";
    clean = clean || need.group.ends_with("_clean");
    landmarks = landmarks || need.landmarks;
    if (need.group == "local") locals = std::clamp(locals, need.at_least, need.at_most);
    if (need.group == "global") globals = std::clamp(globals, need.at_least, need.at_most);
  }
  if (clean) return fmt::format("{{ use = \"lafs_views\", size = 64, local_views = {} }}", locals);
  if (!several) return fmt::format("{{ use = \"none\", landmarks = {} }}", landmarks);
  const std::vector<int64_t> off(static_cast<size_t>(globals), 0);
  return fmt::format(
      "{{ use = \"dino_views\", global_size = 64, local_size = 64, global_views = {0}, global_blur = [{1}], global_solarise = [{1}], "
      "local_views = {2} }}",
      globals, fmt::join(off, ", "), locals);
}

}  // namespace

void conform_objective(const RegistryEntry& entry, Registry& registry, const std::string& tables, bool batch_coupled, Findings& findings) {
  RecipeContext context;
  context.overrides.emplace_back("objective.use", entry.registration.name);
  const Node own = parse_toml(tables, "options", {});
  for (const Field& field : *own.fields()) context.overrides.emplace_back(field.name, inline_text(field.value));
  const Node* objective = own.find("objective");
  const Node* used = objective ? objective->find("use") : nullptr;
  if (used && (!used->string() || *used->string() != entry.registration.name)) {
    throw Error(fmt::format("[objective] of the options uses another plugin than \"{}\"", entry.registration.name));
  }
  if (!own.find("augmentation")) context.overrides.emplace_back("augmentation", fitting_augmentation(context, registry));
  const Recipe recipe = open_recipe_text(common_recipe, "conformance.toml", context, registry);
  ObjectiveSuite(recipe, batch_coupled, findings).run();
}

}  // namespace lafs::conformance
