#pragma once
#include <string>
#include <vector>

#include "kernel/ledger/checkpoint_state.h"
#include "kernel/model/assembly.h"
#include "lafs/backbone.h"
#include "lafs/use.h"

namespace lafs {

/// A backbone at a path of an objective's tree, as it can be made again.
struct PlacedBackbone {
  std::string path;
  Use<Backbone> use;
};

/// The backbones among the objective's options: "landmark_source". An objective registers them under the option's name.
std::vector<PlacedBackbone> objective_backbones(const Recipe& recipe);

/// What a checkpoint says of the backbones in its tree: those that `assembly` made, and those of the objective's options. Of another that
/// an objective made by itself nobody knows the options; it is left out. [main thread]
std::vector<NetworkFacts> networks_of(const torch::nn::Module& root, const RecipeAssembly& assembly, const Recipe& recipe);

}  // namespace lafs
