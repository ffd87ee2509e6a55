#include "runner/tools/release/import_network.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/nn/module.h>

#include "kernel/model/weights_file.h"
#include "kernel/recipe/name_map.h"
#include "kernel/recipe/reader.h"

namespace lafs {

namespace {

const std::vector<std::string> landmark_tensors{"stn.*", "output_layer.*"};

/// "8 dropped by the map (head)": how many names, and the parts that they begin with.
std::string group_text(const std::vector<std::string>& names, const char* what) {
  if (names.empty()) return "";
  if (names.size() == 1) return fmt::format("; {}: \"{}\"", what, names.front());
  std::set<std::string> parts;
  for (const std::string& name : names) parts.insert(name.substr(0, name.find('.')));
  std::vector<std::string> first(parts.begin(), std::next(parts.begin(), std::min<std::ptrdiff_t>(4, std::ssize(parts))));
  return fmt::format("; {}: {} in {}{}", what, names.size(), fmt::join(first, ", "), parts.size() > first.size() ? " and others" : "");
}

/// Every list of the account that has something.
std::string full_account(const LoadAccount& account, const std::string& file) {
  std::string text =
      fmt::format("{} of {} tensors matched, {} renamed, from \"{}\"", account.matched.size(), account.wanted(), account.renamed, file);
  std::vector<std::string> wrong;
  for (const NotLoaded& one : account.wrong_shape) wrong.push_back(fmt::format("{} ({})", one.name, one.reason));
  for (const NotLoaded& one : account.not_usable) wrong.push_back(fmt::format("{} ({})", one.name, one.reason));
  text += group_text(account.missing, "missing") + group_text(wrong, "of another shape or kind") +
          group_text(account.excluded_stored, "left out") + group_text(account.dropped, "dropped by the map");
  const auto matrix = std::find_if(account.unexpected.begin(), account.unexpected.end(),
                                   [](const std::string& name) { return name.ends_with("loss.weight"); });
  if (matrix != account.unexpected.end()) text += fmt::format("; class matrix, not needed: \"{}\"", *matrix);
  std::vector<std::string> rest;
  std::copy_if(account.unexpected.begin(), account.unexpected.end(), std::back_inserter(rest),
               [&](const std::string& name) { return matrix == account.unexpected.end() || name != *matrix; });
  return text + group_text(rest, "no place for") + group_text(account.unselected, "not looked at");
}

/// Loads one file, and reports what is wrong with the account.
void load(const std::filesystem::path& file, const std::string& map_name, LoadPlan plan, torch::nn::Module& target,
          const Registry& registry, ImportedNetwork& out) {
  const WeightsFile weights(file);
  const NameMap map = read_name_map(registry.map(map_name));
  plan.map = &map;
  LoadAccount account = load_matching(weights, plan, target);
  const std::string text = full_account(account, file.filename().string());
  if (account.matched.size() < account.wanted()) {
    out.fault = fmt::format("less than all of the network was found: {}{}", text, account.hint);
  } else if (!account.inside.empty()) {
    out.fault = fmt::format("the file is of a larger or another network: it has \"{}\" in a part that was loaded, without a place here",
                            account.inside.front());
  } else if (!account.not_finite.empty()) {
    out.fault =
        fmt::format("{} tensors have values that are not finite, first \"{}\"", account.not_finite.size(), account.not_finite.front());
  }
  out.hash += (out.hash.empty() ? "" : "+") + weights.hash();
  out.texts.push_back(text);
  out.accounts.push_back(std::move(account));
}

}  // namespace

NetworkPlan network_plan(const std::filesystem::path& file, const Recognised& seen, bool with_landmarks) {
  const NetworkShape& shape = seen.shape;
  NetworkPlan plan;
  plan.file = file;
  plan.backbone = with_landmarks ? "part_fvit" : "fvit";
  plan.map = seen.kind == NetworkKind::self_supervised ? "lafs_teacher" : "supervised";
  plan.options = fmt::format("dim = {}\ndepth = {}\nheads = {}\ndim_head = {}\nmlp_dim = {}\npatch = {}\nnum_patches = {}\n", shape.dim,
                             shape.depth, shape.heads, shape.dim_head, shape.mlp_dim, shape.patch, shape.positions);
  if (with_landmarks) plan.options += fmt::format("landmarks = {}\n", shape.landmarks > 0 ? shape.landmarks : shape.positions);
  return plan;
}

ImportedNetwork import_network(const NetworkPlan& plan, const Registry& registry) {
  Use<Backbone> use(plan.backbone);
  read_options(plan.options, plan.file.filename().string(), use, registry);
  ImportedNetwork out;
  out.backbone = use.make(InputContract());
  torch::nn::Module& target = *out.backbone->module();
  const bool borrowed = !plan.landmarks.empty();
  load(plan.file, plan.map, {.except = borrowed ? landmark_tensors : std::vector<std::string>()}, target, registry, out);
  if (borrowed && out.fault.empty()) load(plan.landmarks, "supervised", {.only = landmark_tensors}, target, registry, out);
  if (!out.fault.empty()) out.backbone = nullptr;
  return out;
}

}  // namespace lafs
