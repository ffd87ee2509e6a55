#include "runner/tools/compare/threshold_pairs.h"

#include <utility>

#include <fmt/format.h>

#include "kernel/ledger/checkpoint_folder.h"
#include "kernel/results/scores_file.h"
#include "lafs/error.h"
#include "lafs/suggestion.h"
#include "runner/tools/compare/scored_results.h"

namespace lafs {

namespace {

namespace fs = std::filesystem;

using NamedComparisons = std::vector<std::pair<std::string, Comparisons>>;

/// The file or run folder with the results of the request's model, and with the scores where these were kept; empty: there is none. A run
/// keeps those of its last checkpoint, which are of other weights where its best is an earlier one (docs/decisions/027).
fs::path kept_results(const EvaluationRequest& request) {
  if (is_json_file(request.checkpoint)) return request.checkpoint;
  const fs::path run = request.stage.empty() ? request.checkpoint : request.checkpoint / request.stage;
  return fs::exists(run / "results.json") && !CheckpointFolder(run).best_is_earlier() ? run : fs::path();
}

/// Scores of pairs by evaluator, and what gave them: a checkpoint or a file; empty where nobody knows.
struct ModelScores {
  NamedComparisons evaluators;
  fs::path model;
};

void refuse_without_effect(const ThresholdRequest& request) {
  std::vector<std::string> options = request.of_measuring;
  if (!request.evaluation.stage.empty() && is_json_file(request.evaluation.checkpoint)) options.emplace_back("--stage");
  if (!options.empty()) throw Error(fmt::format("{} has no effect on scores that are kept; leave it out", options.front()));
}

ModelScores kept_scores(const fs::path& path) {
  ModelScores all;
  const ScoredResults kept = read_scored_results(path);
  for (const NamedMetrics& named : kept.results)
    if (auto scores = scores_in(kept.scores, named.name)) all.evaluators.emplace_back(named.name, std::move(*scores));
  if (is_json_file(path)) return all;
  const fs::path last = CheckpointFolder(path).find("last");
  all.model = last.empty() ? path : last;
  return all;
}

ModelScores fresh_scores(const EvaluationRequest& request, Registry& registry) {
  Evaluation evaluation = evaluate_model(request, registry);
  ModelScores all{{}, evaluation.model.checkpoint};
  for (NamedMetrics& named : evaluation.results)
    if (!named.metrics.comparisons.scores.empty()) all.evaluators.emplace_back(named.name, std::move(named.metrics.comparisons));
  return all;
}

/// Kept ones, or else those of running the model.
ModelScores scores_of(ThresholdRequest& request, const std::function<Registry()>& plugins) {
  EvaluationRequest& evaluation = request.evaluation;
  const bool is_json = is_json_file(evaluation.checkpoint);
  ModelScores scores;
  if (!evaluation.recipe.empty() || !evaluation.on.path.empty()) {
    if (is_json) throw Error(fmt::format("\"{}\" holds results of other pairs; name the model itself", evaluation.checkpoint.string()));
  } else {
    if (!is_json && evaluation.stage.empty()) evaluation.checkpoint = measured_run(evaluation.checkpoint);
    if (const fs::path kept = kept_results(evaluation); !kept.empty()) scores = kept_scores(kept);
  }
  if (!scores.evaluators.empty()) refuse_without_effect(request);
  if (scores.evaluators.empty() && !is_json) {
    Registry registry = plugins();
    scores = fresh_scores(evaluation, registry);
  }
  if (scores.evaluators.empty()) throw Error("no evaluator kept scores of pairs: name a set of pairs with --on");
  return scores;
}

}  // namespace

std::vector<EvaluatorThresholds> find_thresholds(ThresholdRequest request, const std::function<Registry()>& plugins) {
  ModelScores scores = scores_of(request, plugins);
  std::vector<std::string> names;
  std::vector<EvaluatorThresholds> out;
  for (const auto& [name, comparisons] : scores.evaluators) {
    names.push_back(name);
    if (request.evaluator.empty() || name == request.evaluator)
      out.push_back(thresholds_of(name, comparisons, request.targets, request.resampling));
  }
  for (EvaluatorThresholds& thresholds : out) thresholds.model = scores.model.empty() ? "" : fs::weakly_canonical(scores.model).string();
  if (out.empty()) throw Error(fmt::format("no evaluator \"{}\"{}", request.evaluator, suggestion(request.evaluator, names)));
  return out;
}

}  // namespace lafs
