#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "kernel/evaluate/contract_search.h"
#include "kernel/evaluate/evaluate_model.h"
#include "kernel/evaluate/layer_exchange.h"
#include "kernel/evaluate/weight_signs.h"

namespace lafs {

struct DiagnosisRequest {
  EvaluationRequest evaluation;  ///< the model, and the set or recipe with the pairs
  int64_t pairs = 1000;          ///< of the first evaluator of pairs that are compared, half of them genuine
  double seconds = 60;           ///< for layers that may have been exchanged; 0: not looked for
  std::function<void(const std::string& what)> trying = [](const std::string&) {};
};

enum class DiagnosisVerdict { no_problem, problem, cannot_tell };

/// Why a number may be off.
struct ModelDiagnosis {
  std::string model, set;
  int64_t genuine = 0, impostors = 0;  ///< pairs that were compared
  std::string record;  ///< in what the contract as given differs from the one saved with the model; empty: in nothing, or none is saved
  ContractSearch search;
  std::optional<WeightSigns> weights;  ///< none where the backbone shows no parameters
  ExchangeSearch exchanges;
  DiagnosisVerdict verdict = DiagnosisVerdict::cannot_tell;
  std::vector<std::string> sentences;  ///< what was found and what to change, the most important first
};

/// Scores pairs under every plausible input contract, looks at the weights alone, and exchanges layers of equal shape. Throws Error where
/// evaluate_model would, and for a set without pairs. [main thread]
ModelDiagnosis diagnose_model(const DiagnosisRequest& request, Registry& registry);

/// Verdict and sentences from everything else in `diagnosis`.
void conclude(ModelDiagnosis& diagnosis);

std::string diagnosis_text(const ModelDiagnosis& diagnosis);
nlohmann::json diagnosis_json(const ModelDiagnosis& diagnosis);

}  // namespace lafs
