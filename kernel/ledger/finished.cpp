#include "kernel/ledger/finished.h"

#include "kernel/ledger/checkpoint_folder.h"
#include "kernel/ledger/json_file.h"

namespace lafs {

std::optional<FinishedRun> read_finished_run(const Recipe& recipe, const std::filesystem::path& folder) {
  // Results are written when all steps are done and saved, so they are the proof of it.
  FinishedRun run;
  run.results = json_or_nothing(folder / "results.json");
  if (!run.results.is_object() || text_under(run.results, "training_identity") != recipe.identity) return std::nullopt;
  run.has_weights = !CheckpointFolder(folder).find("last").empty();
  run.data_fingerprint = text_under(run.results, "data_fingerprint");
  run.evaluated = text_under(run.results, "evaluation_identity") == recipe.evaluation_identity;
  return run;
}

}  // namespace lafs
