#include "kernel/model/load.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/nn/module.h>

#include "kernel/model/filled_parts.h"
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
    if (!name.starts_with(prefix)) {
      account.unselected.push_back(name);
      continue;
    }
    places.push_back(i);
    names.push_back(name.substr(prefix.size()));
  }
  std::map<std::string, size_t> found;
  if (plan.map) {
    const MappedNames mapped = map_names(*plan.map, names, from);
    std::set<std::string> seen(mapped.dropped.begin(), mapped.dropped.end());
    for (const auto& [place, name] : mapped.taken) {
      found.emplace(name, places[place]);
      seen.insert(names[place]);
    }
    for (const std::string& name : names) {
      if (!seen.contains(name)) account.unselected.push_back(prefix + name);
    }
    for (const std::string& name : mapped.dropped) account.dropped.push_back(prefix + name);
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

/// Returns whether every value is finite.
bool copy_into(const WeightsFile& file, size_t place, at::Tensor& target) {
  const StoredTensor& info = file.tensors()[place];
  at::Tensor stored = at::empty(info.shape, at::TensorOptions(*scalar_type_named(info.dtype)));
  const auto bytes = file.bytes(place);
  if (!bytes.empty()) std::memcpy(stored.mutable_data_ptr(), bytes.data(), bytes.size());
  const at::NoGradGuard no_grad;
  target.copy_(stored);
  return !stored.is_floating_point() || at::isfinite(stored).all().item<bool>();
}

/// The prefix below which the file has most of what the target needs, and how much that is; none where it is no more than `found`.
std::pair<std::string, size_t> better_prefix(const std::vector<StoredTensor>& all, const std::string& from, LoadPlan plan,
                                             const std::set<std::string>& wanted, size_t found) {
  std::set<std::string> prefixes;
  for (const StoredTensor& tensor : all) {
    for (size_t dot = tensor.name.find('.'); dot != std::string::npos; dot = tensor.name.find('.', dot + 1))
      prefixes.insert(tensor.name.substr(0, dot + 1));
  }
  std::pair<std::string, size_t> best{"", found};
  for (const std::string& prefix : prefixes) {
    plan.select = prefix;
    LoadAccount ignored;
    size_t count = 0;
    try {
      for (const auto& [name, place] : names_for(all, from, plan, ignored)) count += wanted.contains(name);
    } catch (const Error&) {  // the map makes one name of two
    }
    if (count > best.second) best = {prefix, count};
  }
  return best;
}

/// What the file has without a place in the target, and whether that may be.
void sort_leftovers(const std::map<std::string, size_t>& found, const std::vector<StoredTensor>& all, const LoadPlan& plan,
                    const torch::nn::Module& target, LoadAccount& account) {
  const FilledParts parts(target, account.matched);
  std::vector<size_t> rest, broken;
  for (const auto& [name, place] : found) {
    rest.push_back(place);
    if (!all[place].problem.empty()) broken.push_back(place);
    if (!asked_for(plan, name) || !parts.hold(name, all[place])) continue;
    (matches_any(plan.unused, name) ? account.allowed : account.inside).push_back(name);
  }
  std::sort(rest.begin(), rest.end());
  std::sort(broken.begin(), broken.end());
  for (const size_t place : rest) account.unexpected.push_back(all[place].name);
  for (const size_t place : broken) account.unreadable.push_back(all[place].name);
  account.globs = parts.globs(account.inside);
}

/// Pairs stored tensors with the target's; `take` gets each that fits.
LoadAccount match(const std::vector<StoredTensor>& all, const std::string& from, const LoadPlan& plan, const torch::nn::Module& target,
                  const std::function<bool(size_t, at::Tensor&)>& take) {
  LoadAccount account;
  auto found = names_for(all, from, plan, account);
  for (auto& [name, tensor] : nn::state_of(target)) {
    const auto stored = found.find(name);
    const bool there = stored != found.end();
    const size_t place = there ? stored->second : 0;
    if (there) found.erase(stored);
    if (!asked_for(plan, name)) {
      account.excluded.push_back(name);
      if (there) account.excluded_stored.push_back(all[place].name);
    } else if (!there) {
      account.missing.push_back(name);
    } else if (!all[place].problem.empty()) {
      account.not_usable.push_back({name, all[place].name, all[place].problem});
    } else if (!fits(all[place], tensor)) {
      account.wrong_shape.push_back({name, all[place].name,
                                     fmt::format("{} [{}] in the file, {} [{}] here", all[place].dtype, fmt::join(all[place].shape, ", "),
                                                 scalar_type_text(tensor.scalar_type()), fmt::join(tensor.sizes().vec(), ", "))});
    } else {
      if (!take(place, tensor)) account.not_finite.push_back(name);
      account.matched.push_back(name);
      account.stored.push_back(all[place].name);
      if (all[place].name != prefix_of(plan) + name) ++account.renamed;
    }
  }
  sort_leftovers(found, all, plan, target, account);
  if (2 * account.missing.size() > account.wanted()) {
    const std::set<std::string> missing(account.missing.begin(), account.missing.end());
    const auto [prefix, count] = better_prefix(all, from, plan, missing, account.matched.size());
    const bool most = 2 * static_cast<size_t>(count) > account.missing.size();
    if (!prefix.empty() && most) account.hint = fmt::format("; {} of them are found below \"{}\": select that prefix", count, prefix);
  }
  return account;
}

/// The plan of an entry; `map` is where its name map lives.
LoadPlan plan_of(const InitEntry& init, NameMap& map, const Registry* registry) {
  LoadPlan plan{init.select, nullptr, init.only, init.except, init.unused};
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
  if (account.share() < init.floor)
    throw Error(fmt::format("[[init]] loads {}; that is less than floor = {}{}", text, init.floor, account.hint));
  check_inside(account, "[[init]] loads " + text, fmt::format("unused = [\"{}\"]", fmt::join(account.globs, "\", \"")));
  return text;
}

}  // namespace

LoadAccount load_matching(const WeightsFile& file, const LoadPlan& plan, torch::nn::Module& target) {
  LoadAccount account = match(file.tensors(), file.file().string(), plan, target,
                              [&](size_t place, at::Tensor& tensor) { return copy_into(file, place, tensor); });
  account.hint = file.hint() + account.hint;
  return account;
}

LoadAccount compare_matching(const std::vector<StoredTensor>& stored, const std::string& from, const LoadPlan& plan,
                             const torch::nn::Module& target) {
  return match(stored, from, plan, target, [](size_t, at::Tensor&) { return true; });
}

std::string account_text(const LoadAccount& account, const std::string& into, const std::string& from) {
  std::string text = fmt::format("{} of {} tensors into \"{}\" from \"{}\"", account.matched.size(), account.wanted(), into, from);
  if (!account.missing.empty()) text += fmt::format("; {} missing, first \"{}\"", account.missing.size(), account.missing.front());
  if (!account.wrong_shape.empty()) {
    text += fmt::format("; {} of another shape, first \"{}\" ({})", account.wrong_shape.size(), account.wrong_shape.front().name,
                        account.wrong_shape.front().reason);
  }
  if (!account.not_usable.empty()) {
    text += fmt::format("; {} that cannot be used, first \"{}\" ({})", account.not_usable.size(), account.not_usable.front().name,
                        account.not_usable.front().reason);
  }
  if (!account.not_finite.empty())
    text += fmt::format("; {} with values that are not finite, first \"{}\"", account.not_finite.size(), account.not_finite.front());
  if (!account.unexpected.empty())
    text += fmt::format("; {} not used, first \"{}\"", account.unexpected.size(), account.unexpected.front());
  return text;
}

void check_inside(const LoadAccount& account, const std::string& what, const std::string& option) {
  if (account.inside.empty()) return;
  throw Error(
      fmt::format("{}; {} of these lie{} in parts that were loaded, first \"{}\": the file is of a larger or another network, and without "
                  "them the network computes something else; give it the options of the file's, or allow this with {}",
                  what, account.inside.size(), account.inside.size() == 1 ? "s" : "", account.inside.front(), option));
}

InitOutcome apply_init(const InitEntry& init, torch::nn::Module& root, const Registry* registry) {
  const WeightsFile file(init.from.value);
  NameMap map;
  const LoadPlan plan = plan_of(init, map, registry);
  LoadAccount account = load_matching(file, plan, *nn::submodule(root, init.into));
  std::string text = accepted(init, account, file.file().string());
  return {std::move(text), std::move(account), file.file()};
}

void check_init(const InitEntry& init, const std::vector<StoredTensor>& stored, const std::string& from, torch::nn::Module& root,
                const Registry* registry) {
  NameMap map;
  const LoadPlan plan = plan_of(init, map, registry);
  accepted(init, compare_matching(stored, from, plan, *nn::submodule(root, init.into)), from);
}

}  // namespace lafs
