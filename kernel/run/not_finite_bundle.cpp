#include "kernel/run/not_finite_bundle.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "formats/atomic_file.h"
#include "kernel/model/checkpoint.h"
#include "kernel/results/json_text.h"
#include "kernel/train/trainer.h"

namespace lafs {

namespace {

constexpr const char* not_again = "run a second time, the step came out finite: this machine does not compute the same twice";

/// The state, then the step again. What came out goes into bundle.json, and its first sentence is returned.
std::string write_bundle(const std::filesystem::path& folder, const NotFiniteRun& run, const NotFinite& error, bool whole) {
  FailedStep failed{run.position.step, error.what(), {}, {}, error.losses};
  std::string first;
  std::filesystem::create_directories(folder);
  if (whole) {
    formats::write_atomically(folder / "recipe.toml", run.recipe.resolved);
    CheckpointStore(folder).save(run.trainer.state(), run.trainer.optimizer(), run.position, run.facts);
    const auto again = examine_step(run.position.step, run.recipe, run.epochs, run.trainer, run.source, run.assembly, run.device);
    if (again) failed = *again;
    first = again ? not_finite_text(failed.first) : not_again;
  }
  nlohmann::json facts = failed_step_json(failed);
  if (!first.empty()) facts["first"] = first;
  facts["training_identity"] = run.recipe.identity;
  formats::write_atomically(folder / "bundle.json", json_text(facts) + "\n");
  return first;
}

}  // namespace

void stop_not_finite(const std::filesystem::path& folder, const NotFiniteRun& run, const NotFinite& error) {
  const std::filesystem::path bundle = folder / "not_finite";
  const bool no_scale = dynamic_cast<const NoScaleIsLeft*>(&error) != nullptr;
  const std::string first = write_bundle(bundle, run, error, !no_scale);
  if (no_scale) {
    throw Error(
        fmt::format("{}; see \"{}\"\nfp16 cannot hold these gradients: use precision = \"bf16\" or \"fp32\", or begin again with "
                    "a smaller learning rate",
                    error.what(), (bundle / "bundle.json").string()));
  }
  const char* way_on =
      run.has_checkpoint
          ? "to go on from the last checkpoint without such steps, add --set run.not_finite=skip; where the loss grew before, begin again "
            "with a smaller learning rate"
          : "no checkpoint was written before: look at the learning rate, and whether weights and data are finite";
  throw Error(fmt::format("{}\n{}\n\"{}\" holds the state before that step and what it was fed; lafs replay runs it again\n{}",
                          error.what(), first, bundle.string(), way_on));
}

bool too_many_left_out(const RunOptions& run, const std::vector<int64_t>& steps) {
  return static_cast<int64_t>(steps.size()) > run.not_finite_limit;
}

void check_left_out(const RunOptions& run, const std::vector<int64_t>& steps, const std::string& reason) {
  if (!too_many_left_out(run, steps)) return;
  throw Error(
      fmt::format("{}\nsteps without a finite loss or gradient: {}, more than [run] not_finite_limit = {} allows; the learning rate "
                  "may be too large. A checkpoint was written; with a larger limit the run goes on from there",
                  reason, steps.size(), run.not_finite_limit));
}

}  // namespace lafs
