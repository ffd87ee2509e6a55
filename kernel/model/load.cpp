#include "kernel/model/load.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/nn/module.h>

#include "kernel/model/scalar_types.h"
#include "kernel/recipe/name_map.h"
#include "kernel/registry/registry.h"
#include "lafs/error.h"
#include "nn/layers/tree.h"

namespace lafs {

namespace {

std::string prefix_of(const LoadPlan& plan) { return plan.select.empty() || plan.select.ends_with('.') ? plan.select : plan.select + "."; }

/// Names of the file that the plan takes, by the target's name: places in the file.
std::map<std::string, size_t> names_for(const std::vector<StoredTensor>& stored, const std::string& from, const LoadPlan& plan,
                                        LoadAccount& account) {
  const std::string prefix = prefix_of(plan);
  std::vector<size_t> places;
  std::vector<std::string> names;
  for (size_t i = 0; i < stored.size(); ++i) {
    const std::string& name = stored[i].name;
    if (!name.starts_with(prefix)) continue;
    places.push_back(i);
    names.push_back(name.substr(prefix.size()));
  }
  std::map<std::string, size_t> found;
  if (plan.map) {
    const MappedNames mapped = map_names(*plan.map, names, from);
    for (const auto& [place, name] : mapped.taken) found.emplace(name, places[place]);
    account.dropped = mapped.dropped;
  } else {
    for (size_t i = 0; i < names.size(); ++i) found.emplace(names[i], places[i]);
  }
  return found;
}

bool asked_for(const LoadPlan& plan, const std::string& name) {
  return (plan.only.empty() || matches_any(plan.only, name)) && !matches_any(plan.except, name);
}

bool fits(const StoredTensor& stored, const at::Tensor& target) {
  if (stored.shape != target.sizes().vec()) return false;
  const auto type = scalar_type_named(stored.dtype);
  return type && (*type == target.scalar_type() || (at::isFloatingType(*type) && target.is_floating_point()));
}

void copy_into(const WeightsFile& file, size_t place, at::Tensor& target) {
  const StoredTensor& info = file.tensors()[place];
  at::Tensor stored = at::empty(info.shape, at::TensorOptions(*scalar_type_named(info.dtype)));
  const auto bytes = file.bytes(place);
  if (!bytes.empty()) std::memcpy(stored.mutable_data_ptr(), bytes.data(), bytes.size());
  const at::NoGradGuard no_grad;
  target.copy_(stored);
}

/// Pairs stored tensors with the target's; `take` gets each that fits.
LoadAccount match(const std::vector<StoredTensor>& all, const std::string& from, const LoadPlan& plan, const torch::nn::Module& target,
                  const std::function<void(size_t, at::Tensor&)>& take) {
  LoadAccount account;
  auto found = names_for(all, from, plan, account);
  for (auto& [name, tensor] : nn::state_of(target)) {
    const auto stored = found.find(name);
    const bool there = stored != found.end();
    const size_t place = there ? stored->second : 0;
    if (there) found.erase(stored);
    if (!asked_for(plan, name)) continue;
    if (!there) {
      account.missing.push_back(name);
    } else if (!fits(all[place], tensor)) {
      if (account.wrong_shape.empty()) {
        account.first_wrong = fmt::format("{} [{}] in the file, {} [{}] here", all[place].dtype, fmt::join(all[place].shape, ", "),
                                          scalar_type_text(tensor.scalar_type()), fmt::join(tensor.sizes().vec(), ", "));
      }
      account.wrong_shape.push_back(name);
    } else {
      take(place, tensor);
      account.matched.push_back(name);
      if (all[place].name != prefix_of(plan) + name) ++account.renamed;
    }
  }
  std::vector<size_t> rest;
  for (const auto& [name, place] : found) rest.push_back(place);
  std::sort(rest.begin(), rest.end());
  for (const size_t place : rest) account.unexpected.push_back(all[place].name);
  return account;
}

/// The plan of an entry; `map` is where its name map lives.
LoadPlan plan_of(const InitEntry& init, NameMap& map, const Registry* registry) {
  LoadPlan plan{init.select, nullptr, init.only, init.except};
  if (init.map.empty()) return plan;
  if (!registry) throw Error(fmt::format("there is no name map \"{}\"", init.map));
  map = read_name_map(registry->map(init.map));
  plan.map = &map;
  return plan;
}

/// The account as a sentence, where it is good enough.
std::string accepted(const InitEntry& init, const LoadAccount& account, const std::string& from) {
  const std::string text = account_text(account, init.into, from);
  if (account.wanted() == 0)
    throw Error(fmt::format("[[init]] selects no tensor of \"{}\": \"only\" and \"except\" exclude them all", init.into));
  if (account.share() < init.floor) throw Error(fmt::format("[[init]] loads {}; that is less than floor = {}", text, init.floor));
  return text;
}

}  // namespace

LoadAccount load_matching(const WeightsFile& file, const LoadPlan& plan, torch::nn::Module& target) {
  return match(file.tensors(), file.file().string(), plan, target,
               [&](size_t place, at::Tensor& tensor) { copy_into(file, place, tensor); });
}

LoadAccount compare_matching(const std::vector<StoredTensor>& stored, const std::string& from, const LoadPlan& plan,
                             const torch::nn::Module& target) {
  return match(stored, from, plan, target, [](size_t, at::Tensor&) {});
}

std::string account_text(const LoadAccount& account, const std::string& into, const std::string& from) {
  std::string text = fmt::format("{} of {} tensors into \"{}\" from \"{}\"", account.matched.size(), account.wanted(), into, from);
  if (!account.missing.empty()) text += fmt::format("; {} missing, first \"{}\"", account.missing.size(), account.missing.front());
  if (!account.wrong_shape.empty()) {
    text += fmt::format("; {} of another shape, first \"{}\" ({})", account.wrong_shape.size(), account.wrong_shape.front(),
                        account.first_wrong);
  }
  if (!account.unexpected.empty())
    text += fmt::format("; {} not used, first \"{}\"", account.unexpected.size(), account.unexpected.front());
  return text;
}

std::string apply_init(const InitEntry& init, torch::nn::Module& root, const Registry* registry) {
  const WeightsFile file(init.from.value);
  NameMap map;
  const LoadPlan plan = plan_of(init, map, registry);
  return accepted(init, load_matching(file, plan, *nn::submodule(root, init.into)), file.file().string());
}

void check_init(const InitEntry& init, const std::vector<StoredTensor>& stored, const std::string& from, torch::nn::Module& root,
                const Registry* registry) {
  NameMap map;
  const LoadPlan plan = plan_of(init, map, registry);
  accepted(init, compare_matching(stored, from, plan, *nn::submodule(root, init.into)), from);
}

}  // namespace lafs
