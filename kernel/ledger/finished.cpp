#include "kernel/ledger/finished.h"

#include <fstream>

#include "kernel/ledger/checkpoint_folder.h"

namespace lafs {

namespace {

std::string text(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

std::optional<FinishedRun> read_finished_run(const Recipe& recipe, const std::filesystem::path& folder) {
  // Results are written when all steps are done and saved, so they are the proof of it.
  std::ifstream in(folder / "results.json");
  FinishedRun run;
  run.results = nlohmann::json::parse(in, nullptr, /*allow_exceptions=*/false);
  if (!run.results.is_object() || text(run.results, "training_identity") != recipe.identity) return std::nullopt;
  if (CheckpointFolder(folder).find("last").empty()) return std::nullopt;
  run.data_fingerprint = text(run.results, "data_fingerprint");
  run.evaluated = text(run.results, "evaluation_identity") == recipe.evaluation_identity;
  return run;
}

}  // namespace lafs
