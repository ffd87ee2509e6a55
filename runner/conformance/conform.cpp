#include "kernel/recipe/reader.h"
#include "kernel/recipe/recipe.h"
#include "runner/conformance/suites.h"

namespace lafs::conformance {

namespace {

template <typename Kind>
Use<Kind> use_of(const RegistryEntry& entry, const Registry& registry, const std::string& toml) {
  Use<Kind> use(entry.registration.name);
  read_options(toml, "conformance.toml", use, registry);
  return use;
}

}  // namespace

void conform_kind(const RegistryEntry& entry, Registry& registry, const Example& example, Findings& findings) {
  const std::string& kind = entry.registration.kind;
  const auto tried = [&]<typename Kind>(void (*suite)(const Use<Kind>&, Findings&)) {
    if (kind == Kind::kind) suite(use_of<Kind>(entry, registry, example.toml), findings);
  };
  tried(conform_data_source);
  tried(conform_augmentation);
  tried(conform_backbone);
  tried(conform_projector);
  tried(conform_head);
  tried(conform_optimizer);
  tried(conform_evaluator);
  if (kind == Objective::kind) conform_objective(entry, registry, example.toml, example.batch_coupled, findings);
}

}  // namespace lafs::conformance
