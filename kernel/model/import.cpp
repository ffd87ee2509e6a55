#include "kernel/model/import.h"

#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/nn/module.h>

#include "formats/safetensors.h"
#include "kernel/model/assembly.h"
#include "kernel/model/scalar_types.h"
#include "kernel/recipe/name_map.h"
#include "kernel/recipe/reader.h"
#include "lafs/suggestion.h"
#include "nn/layers/tree.h"

namespace lafs {

namespace {

/// The network that the weights are for; `note` is what had to be assumed for it.
std::shared_ptr<torch::nn::Module> target_of(const ImportRequest& request, const std::string& target, Registry& registry,
                                             std::string& note) {
  if (!request.into.ends_with(".toml")) {
    if (target != "backbone") throw Error(fmt::format("map \"{}\" gives names of a whole objective: --into needs a recipe", request.map));
    if (!registry.find(Backbone::kind, request.into))
      throw RecipeError(
          {fmt::format("--into: error: no backbone \"{}\"{}", request.into, suggestion(request.into, registry.names(Backbone::kind)))});
    Use<Backbone> use(request.into);
    read_options(request.options, "--options", use, registry);
    return use.make(InputContract())->module();
  }
  const Recipe recipe = open_recipe(request.into, request.context, registry);
  if (target == "backbone") return Use<Backbone>(recipe.backbone).make(recipe.input)->module();
  RecipeAssembly assembly(recipe, RecipeAssembly::Data::closed, [](const std::string&) {});
  if (!recipe.head.empty() && recipe.run.identities == 0)
    note = fmt::format(
        "the training data is not opened, and the recipe does not say how many identities it has: the head is made for {}; "
        "for another number add --set run.identities=N",
        assembly.identities());
  return assembly.objective()->module();
}

}  // namespace

ImportedWeights read_weights(const ImportRequest& request, Registry& registry) {
  if (request.out.extension() != ".safetensors")
    throw Error(fmt::format("\"{}\": imported weights are written as .safetensors", request.out.string()));
  NameMap map;
  if (!request.map.empty()) map = read_name_map(registry.map(request.map));
  std::string note;
  const auto target = target_of(request, map.target, registry, note);
  const WeightsFile file(request.file);
  const LoadPlan plan{request.select, request.map.empty() ? nullptr : &map, request.only, request.except, request.unused};
  return {target, load_matching(file, plan, *target), file.file(), file.hash(), note};
}

void write_weights(const ImportRequest& request, const ImportedWeights& weights) {
  const LoadAccount& account = weights.account;
  const std::string text = account_text(account, request.into, weights.file.string());
  if (account.matched.empty() || account.share() < request.floor)
    throw Error(fmt::format("{}; that is less than --floor {}{}", text, request.floor, account.hint));
  check_inside(account, text, fmt::format("--unused \"{}\"", fmt::join(account.globs, "\" --unused \"")));
  const std::set<std::string> matched(account.matched.begin(), account.matched.end());
  std::vector<at::Tensor> copies;
  std::vector<formats::TensorBytes> tensors;
  for (const auto& [name, tensor] : nn::state_of(*weights.target)) {
    if (!matched.contains(name)) continue;
    const at::Tensor copy = copies.emplace_back(tensor.detach().contiguous());
    tensors.push_back({name,
                       scalar_type_text(copy.scalar_type()),
                       copy.sizes().vec(),
                       {static_cast<const std::byte*>(copy.const_data_ptr()), copy.nbytes()}});
  }
  formats::write_safetensors(
      request.out, tensors,
      {{"format", "pt"}, {"source", weights.file.filename().string()}, {"source_hash", weights.hash}, {"map", request.map}});
}

}  // namespace lafs
