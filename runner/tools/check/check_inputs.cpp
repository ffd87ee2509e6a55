#include "runner/tools/check/check_inputs.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "kernel/model/assembly.h"
#include "kernel/model/load.h"
#include "kernel/model/scalar_types.h"
#include "kernel/train/trainer.h"
#include "nn/layers/tree.h"

namespace lafs {

namespace {

/// The networks of a recipe as its training would have them.
class Networks {
 public:
  Networks(Recipe recipe, int64_t identities) : recipe_(std::move(recipe)) {
    recipe_.run.identities = identities;
    assembly_.emplace(recipe_, RecipeAssembly::Data::closed, [](const std::string&) {});
    trainer_.emplace(recipe_, *assembly_, at::kCPU);
  }
  torch::nn::Module& root() { return trainer_->root(); }

 private:
  Recipe recipe_;
  std::optional<RecipeAssembly> assembly_;
  std::optional<Trainer> trainer_;
};

/// What the last checkpoint of a stage will hold; nothing where the stage cannot be built.
std::vector<StoredTensor> tensors_of(const Stage& stage, int64_t identities) {
  std::vector<StoredTensor> tensors;
  try {
    Networks networks(stage.recipe, identities);
    for (const auto& [name, tensor] : nn::state_of(networks.root())) {
      tensors.push_back({name, scalar_type_text(tensor.scalar_type()), tensor.sizes().vec()});
    }
  } catch (const std::exception&) {
    return {};
  }
  return tensors;
}

const Stage* stage_of(const Row& row, const InitEntry& init) {
  const auto found = std::find_if(row.stages.begin(), row.stages.end(), [&](const Stage& earlier) {
    return (earlier.folder / "checkpoints" / "last").string() == init.from.value;
  });
  return found == row.stages.end() ? nullptr : &*found;
}

void check_input(const Stage& stage, const Stage& earlier, const InitEntry& init) {
  const int64_t before = earlier.recipe.run.identities, now = stage.recipe.run.identities;
  const int64_t unknown = std::max(before, now);
  const auto stored = tensors_of(earlier, before > 0 ? before : unknown);
  if (stored.empty()) return;
  Networks networks(stage.recipe, now > 0 ? now : unknown);
  try {
    check_init(init, stored, "stage:" + earlier.name, networks.root(), stage.recipe.registry);
  } catch (const Error& error) {
    throw Error(fmt::format("{}; the backbone of stage \"{}\" is at {}", error.what(), earlier.name, earlier.recipe.backbone.position))
        .at(init.position);
  }
}

/// A file that is there already. Where the number of identities is not known, a head may have another shape than in the run: then only
/// backbones are judged.
void check_file(const Stage& stage, const InitEntry& init) {
  if (!std::filesystem::exists(init.from.value)) return;
  placed(init, [&] {
    const WeightsFile file(init.from.value);
    Networks networks(stage.recipe, stage.recipe.run.identities);
    try {
      check_init(init, file.tensors(), file.file().string(), networks.root(), stage.recipe.registry);
    } catch (const Error& error) {
      const auto target = nn::submodule(networks.root(), init.into);
      if (stage.recipe.run.identities > 0 || dynamic_cast<const Backbone*>(target.get())) throw;
    }
  });
}

}  // namespace

void check_inputs(const Row& row, const Stage& stage) {
  for (const InitEntry& init : stage.recipe.init) {
    if (const Stage* earlier = stage_of(row, init)) {
      check_input(stage, *earlier, init);
    } else {
      check_file(stage, init);
    }
  }
}

}  // namespace lafs
