#include "runner/train/finished.h"

#include <algorithm>
#include <fstream>

#include <fmt/format.h>

#include "runner/assembly.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

std::string text(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

/// Data that cannot be opened cannot differ either: a finished run outlives it.
void check_data(const Recipe& recipe, const fs::path& folder, const std::string& known) {
  RecipeAssembly assembly(recipe, RecipeAssembly::Data::if_there, [](const std::string&) {});
  if (!assembly.has_data()) return;
  if (const std::string now = assembly.data()->fingerprint(); now != known)
    throw Error(fmt::format("\"{}\" was trained on other data (fingerprint {}, now {})", folder.string(), known, now));
}

}  // namespace

bool holds_run(const fs::path& folder) { return fs::is_directory(folder / "checkpoints"); }

std::vector<std::string> runs_in(const fs::path& folder) {
  std::vector<std::string> names;
  if (!fs::is_directory(folder)) return names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (holds_run(entry.path())) names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<FinishedRun> finished_run(const Recipe& recipe, const fs::path& folder) {
  // Results are written when all steps are done and saved, so they are the proof of it.
  std::ifstream in(folder / "results.json");
  FinishedRun run;
  run.results = nlohmann::json::parse(in, nullptr, /*allow_exceptions=*/false);
  if (!run.results.is_object() || text(run.results, "training_identity") != recipe.identity) return std::nullopt;
  if (!fs::exists(folder / "checkpoints" / "last" / "weights.safetensors")) return std::nullopt;
  check_data(recipe, folder, text(run.results, "data_fingerprint"));
  run.evaluated = text(run.results, "evaluation_identity") == recipe.evaluation_identity;
  return run;
}

}  // namespace lafs
