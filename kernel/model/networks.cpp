#include "kernel/model/networks.h"
#include "kernel/recipe/resolver.h"

#include <algorithm>
#include <functional>

#include <torch/nn/module.h>

namespace lafs {

namespace {

/// The backbones among options that were read before.
class BackboneOptions final : public Params {
 public:
  std::vector<PlacedBackbone> found;

 private:
  void visit(const Option& option) override {
    const auto* use = std::get_if<AnyUse*>(&option.slot);
    if (use && (*use)->kind() == Backbone::kind && !(*use)->empty())
      found.push_back({std::string(option.key), static_cast<const Use<Backbone>&>(**use)});
  }
  bool keeps_values() const override { return true; }
};

/// Calls `visit(path, backbone)` for the backbones of a tree, not for networks within them.
void each_backbone(const torch::nn::Module& module, const std::string& path,
                   const std::function<void(const std::string&, const Backbone&)>& visit) {
  if (const auto* backbone = dynamic_cast<const Backbone*>(&module)) return visit(path, *backbone);
  for (const auto& child : module.named_children())
    each_backbone(*child.value(), path.empty() ? child.key() : path + "." + child.key(), visit);
}

}  // namespace

std::vector<PlacedBackbone> objective_backbones(const Recipe& recipe) {
  BackboneOptions options;
  recipe.objective.options->copy()->declare(options);
  return options.found;
}

std::vector<NetworkFacts> networks_of(const torch::nn::Module& root, const RecipeAssembly& assembly, const Recipe& recipe) {
  const std::vector<PlacedBackbone> others = objective_backbones(recipe);
  std::vector<NetworkFacts> networks;
  each_backbone(root, "", [&](const std::string& path, const Backbone& backbone) {
    const auto other = std::find_if(others.begin(), others.end(), [&](const PlacedBackbone& one) { return one.path == path; });
    if (assembly.made(backbone)) {
      networks.push_back({path, recipe.backbone.name, options_text(recipe.backbone)});
    } else if (other != others.end()) {
      networks.push_back({path, other->use.name, options_text(other->use)});
    }
  });
  return networks;
}

}  // namespace lafs
