#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace lafs {

/// A sentence that the objective said again and again, such as the warning of a collapse.
struct TrainingNote {
  std::string text;  ///< as it was said last
  int64_t times = 0, first_step = 0, last_step = 0;
};

/// What metrics.jsonl of a run folder holds of them, in the order of first steps. Sentences that differ only in brackets at their end are
/// one. Empty where the file is absent; damaged lines are left out. Throws nothing.
std::vector<TrainingNote> training_notes(const std::filesystem::path& folder);

/// "... (entropy 6.93 of 6.93): 12 times from step 50 on, last at step 600".
std::string text_of(const TrainingNote& note);

/// Puts them into manifest.json of the folder as "training_notes"; does nothing where there is no manifest. Throws Error when it cannot be
/// written.
void record_training_notes(const std::filesystem::path& folder);

/// What `record_training_notes` put into the manifest of a run that has ended or was stopped, without a look into its log, which may be
/// long. Empty where there is no manifest. Throws nothing.
std::vector<std::string> recorded_training_notes(const std::filesystem::path& folder);

}  // namespace lafs
