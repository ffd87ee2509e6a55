#include "kernel/run/not_finite_bundle.h"

#include <ATen/core/Tensor.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "formats/atomic_file.h"
#include "kernel/ledger/checkpoint_folder.h"
#include "kernel/results/json_text.h"
#include "kernel/train/trainer.h"

namespace lafs {

namespace {

nlohmann::json bundle_of(const NotFinitePlace& place, const NotFinite& error) {
  nlohmann::json facts{{"step", place.step},
                       {"training_identity", place.identity},
                       {"last_checkpoint", place.last_checkpoint.string()},
                       {"what", error.what()}};
  if (error.batch) {
    const at::Tensor indices = error.batch->indices().cpu();
    facts["indices"] = std::vector<int64_t>(indices.data_ptr<int64_t>(), indices.data_ptr<int64_t>() + indices.numel());
    facts["keys"] = error.batch->keys;
    facts["micro_batch"] = error.batch->micro;
  }
  return facts;
}

}  // namespace

void stop_not_finite(const std::filesystem::path& folder, const NotFinitePlace& place, const NotFinite& error) {
  const std::filesystem::path file = folder / "not_finite.json";
  formats::write_atomically(file, json_text(bundle_of(place, error)) + "\n");
  const char* way_on =
      "to go on from the last checkpoint without such steps, add --set run.not_finite=skip; where the loss grew before, begin again with a "
      "smaller learning rate";
  if (dynamic_cast<const NoScaleIsLeft*>(&error)) {
    way_on = "fp16 cannot hold these gradients: use precision = \"bf16\" or \"fp32\", or begin again with a smaller learning rate";
  } else if (place.last_checkpoint.empty()) {
    way_on = "no checkpoint was written before: look at the learning rate, and whether weights and data are finite";
  }
  throw Error(fmt::format("{}; the inputs of that step are in \"{}\"\n{}", error.what(), file.string(), way_on));
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
