#include "kernel/ledger/training_notes.h"

#include <algorithm>
#include <fstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kernel/ledger/json_file.h"
#include "kernel/results/json_text.h"

namespace lafs {

namespace {

/// A sentence without what stands in brackets at its end.
std::string subject_of(const std::string& text) { return text.ends_with(')') ? text.substr(0, text.rfind(" (")) : text; }

}  // namespace

std::vector<TrainingNote> training_notes(const std::filesystem::path& folder) {
  std::vector<TrainingNote> notes;
  std::ifstream in(folder / "metrics.jsonl");
  for (std::string text; std::getline(in, text);) {
    if (text.find("\"note\":") == std::string::npos) continue;
    const auto line = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!line.is_object() || !line.contains("note") || !line["note"].is_string() || !line.contains("step")) continue;
    if (!line["step"].is_number_integer()) continue;
    const std::string said = line["note"];
    auto known =
        std::find_if(notes.begin(), notes.end(), [&](const TrainingNote& one) { return subject_of(one.text) == subject_of(said); });
    if (known == notes.end()) known = notes.insert(notes.end(), {said, 0, line["step"], 0});
    known->text = said;
    ++known->times;
    known->last_step = line["step"];
  }
  return notes;
}

std::string text_of(const TrainingNote& note) {
  if (note.times == 1) return fmt::format("step {}: {}", note.first_step, note.text);
  return fmt::format("{}: {} times from step {} on, last at step {}", note.text, note.times, note.first_step, note.last_step);
}

void record_training_notes(const std::filesystem::path& folder) {
  const std::vector<TrainingNote> notes = training_notes(folder);
  const std::filesystem::path file = folder / "manifest.json";
  nlohmann::json manifest = json_or_nothing(file);
  if (!manifest.is_object() || (notes.empty() && !manifest.contains("training_notes"))) return;
  manifest.erase("training_notes");
  for (const TrainingNote& note : notes) manifest["training_notes"].push_back(text_of(note));
  write_json(file, manifest);
}

std::vector<std::string> recorded_training_notes(const std::filesystem::path& folder) {
  std::vector<std::string> notes;
  const nlohmann::json manifest = json_or_nothing(folder / "manifest.json");
  if (!manifest.is_object() || !manifest.contains("training_notes")) return notes;
  for (const nlohmann::json& note : manifest["training_notes"]) {
    if (note.is_string()) notes.push_back(note);
  }
  return notes;
}

}  // namespace lafs
