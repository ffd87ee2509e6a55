#include "kernel/run/replay.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kernel/ledger/checkpoint_folder.h"
#include "kernel/ledger/json_file.h"
#include "kernel/ranks/device.h"
#include "kernel/run/run_checkpoints.h"
#include "kernel/train/trainer.h"
#include "lafs/error.h"

namespace lafs {

namespace {

namespace fs = std::filesystem;

/// The bundle in a folder that is one, or the folder of its run.
fs::path find_bundle(const fs::path& path) {
  for (const fs::path& folder : {path, path / "not_finite"})
    if (fs::exists(folder / "bundle.json")) return folder;
  throw Error(fmt::format(
      "\"{}\" holds no bundle of a step that was not finite; a run that ends so writes one to its folder, as not_finite", path.string()));
}

FailedStep read_bundle(const fs::path& folder) {
  try {
    return failed_step_of(json_or_nothing(folder / "bundle.json"));
  } catch (const Error& error) {
    throw Error(fmt::format("\"{}\": {}", (folder / "bundle.json").string(), error.what()));
  }
}

WholeCheckpoint checkpoint_of(const fs::path& folder) {
  const CheckpointSurvey survey = CheckpointFolder(folder).survey();
  if (!survey.damaged.empty()) throw Error(fmt::format("\"{}\": {}", folder.string(), survey.damaged.front()));
  if (survey.whole.empty())
    throw Error(fmt::format("\"{}\" holds no state of before the step: only what the run said of it is known", folder.string()));
  return survey.whole.front();
}

std::vector<std::string> differences_between(const FailedStep& before, const std::optional<FailedStep>& again) {
  if (!again) return {"the step came out finite"};
  std::vector<std::string> out;
  if (again->what != before.what) out.push_back(fmt::format("it failed in another way: {}", again->what));
  for (size_t i = 0; i < std::min(before.fed.size(), again->fed.size()); ++i) {
    if (again->fed[i].keys != before.fed[i].keys) {
      out.push_back(fmt::format("micro-batch {} has other pictures: the data is not what it was", before.fed[i].micro));
    } else if (again->fed[i].digest != before.fed[i].digest) {
      out.push_back(fmt::format("the pictures of micro-batch {} have other bits: the data is not what it was", before.fed[i].micro));
    }
  }
  if (again->fed.size() != before.fed.size())
    out.push_back(fmt::format("it took {} micro-batches, not {}", again->fed.size(), before.fed.size()));
  if (again->losses != before.losses) out.push_back("the losses of the micro-batches before have other bits");
  if (!(again->first == before.first)) out.push_back(not_finite_text(again->first));
  return out;
}

}  // namespace

Replay replay(const ReplayRequest& request, Registry& registry) {
  const fs::path folder = find_bundle(request.bundle);
  Replay out{read_bundle(folder), std::nullopt, {}};
  const WholeCheckpoint checkpoint = checkpoint_of(folder);
  const Recipe recipe = open_recipe(folder / "recipe.toml", request.context, registry);
  if (recipe.identity != checkpoint.facts.identity)
    throw Error("these overrides make another training of it; a step can be run again on another device or with other threads only");
  const at::Device device = open_device(recipe.run.device, {recipe.run.tf32, recipe.run.deterministic});
  use_threads(recipe.run.threads);
  RecipeAssembly assembly(recipe, RecipeAssembly::Data::open, request.note);
  const Epochs epochs(recipe.run, assembly.images());
  Trainer trainer(recipe, assembly, device);
  load_checkpoint(trainer, checkpoint);
  out.again = examine_step(out.before.step, recipe, epochs, trainer, assembly.data(), assembly, device);
  out.differences = differences_between(out.before, out.again);
  return out;
}

std::string replay_text(const Replay& replay) {
  std::string text = fmt::format("step {}: {}\n{}\n", replay.before.step, replay.before.what, not_finite_text(replay.before.first));
  if (replay.equal()) return text + "run again: equal, bit for bit\n";
  text += "run again, it differs:\n";
  for (const std::string& difference : replay.differences) text += "  " + difference + "\n";
  return text;
}

nlohmann::json replay_json(const Replay& replay) {
  nlohmann::json out{{"before", failed_step_json(replay.before)}, {"equal", replay.equal()}, {"differences", replay.differences}};
  if (replay.again) out["again"] = failed_step_json(*replay.again);
  return out;
}

}  // namespace lafs
