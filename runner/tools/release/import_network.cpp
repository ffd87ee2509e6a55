#include "runner/tools/release/import_network.h"

#include <utility>

#include <fmt/format.h>
#include <torch/nn/module.h>

#include "kernel/model/weights_file.h"
#include "kernel/recipe/name_map.h"
#include "kernel/recipe/reader.h"

namespace lafs {

namespace {

const std::vector<std::string> landmark_tensors{"stn.*", "output_layer.*"};

/// Loads one file, and reports what is wrong with the account.
void load(const std::filesystem::path& file, const std::string& map_name, LoadPlan plan, torch::nn::Module& target,
          const Registry& registry, ImportedNetwork& out) {
  const WeightsFile weights(file);
  const NameMap map = read_name_map(registry.map(map_name));
  plan.map = &map;
  LoadAccount account = load_matching(weights, plan, target);
  const std::string text = account_text(account, "backbone", file.filename().string());
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
