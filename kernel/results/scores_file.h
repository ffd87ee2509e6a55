#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "kernel/results/named_metrics.h"

namespace lafs {

/// Where the scores of every pair lie that belong to a file of results: "scores" beside a run's results.json, "x.scores" beside x.json,
/// "x.1.scores" beside x.1.
std::filesystem::path scores_folder_of(const std::filesystem::path& results);

/// Writes FOLDER/EVALUATOR.safetensors for each evaluator that kept its comparisons: "scores" f64, "same" and "correct" u8, "first_person"
/// and "second_person" i32, one entry a pair, and the digest of the pairs as metadata "pairs". Scores of former results go, other files
/// stay. Throws Error, also for a file in the way that holds no scores.
void write_scores(const std::filesystem::path& folder, const std::vector<NamedMetrics>& results);

/// What such a file holds. Throws Error naming the file for one that is damaged or another thing.
Comparisons read_scores(const std::filesystem::path& file);

/// Those of an evaluator; nothing where it kept none.
std::optional<Comparisons> scores_in(const std::filesystem::path& folder, const std::string& evaluator);

}  // namespace lafs
