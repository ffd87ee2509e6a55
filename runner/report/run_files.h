#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "runner/report/chart.h"

namespace lafs {

/// The object in a JSON file; nothing where the file is absent. Throws Error for one that holds something else.
std::optional<nlohmann::json> json_object_in(const std::filesystem::path& file);

/// A number of an object; NaN where it has none of this name.
double number_under(const nlohmann::json& object, const char* key);

/// An evaluation while training: its metrics over optimizer steps, with their standard errors as range where they have some.
struct EvaluationLog {
  std::string evaluator;
  std::vector<Series> metrics;  ///< named as in metrics.jsonl
};

/// metrics.jsonl as curves over optimizer steps.
struct TrainingLog {
  std::vector<Series> values;  ///< "loss", "lr", ..., what the objective reports
  std::vector<EvaluationLog> evaluations;

  const Series* find(const std::string& name) const;  ///< null where nothing of this name was logged
};

/// Empty where the file is absent; lines that are damaged, as the last one of a run that died, are left out.
TrainingLog read_training_log(const std::filesystem::path& file);

}  // namespace lafs
