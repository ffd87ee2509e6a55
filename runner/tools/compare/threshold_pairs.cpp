#include "runner/tools/compare/threshold_pairs.h"

#include <optional>
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

/// The file or folder with the results of the request's model, and with the scores where these were kept; empty: there is none. A run keeps
/// those of its last checkpoint, which are of other weights where its best is an earlier one (docs/decisions/027).
fs::path kept_results(const EvaluationRequest& request) {
  if (is_json_file(request.checkpoint)) return request.checkpoint;
  const fs::path run = request.stage.empty() ? request.checkpoint : request.checkpoint / request.stage;
  return fs::exists(run / "results.json") && !CheckpointFolder(run).best_is_earlier() ? run : fs::path();
}

void refuse_without_effect(const ThresholdRequest& request) {
  std::vector<std::string> options = request.of_measuring;
  if (!request.evaluation.stage.empty() && is_json_file(request.evaluation.checkpoint)) options.emplace_back("--stage");
  if (!options.empty()) throw Error(fmt::format("{} has no effect on scores that are kept; leave it out", options.front()));
}

NamedComparisons kept_scores(const fs::path& path) {
  NamedComparisons all;
  const ScoredResults kept = read_scored_results(path);
  for (const NamedMetrics& named : kept.results)
    if (auto scores = scores_in(kept.scores, named.name)) all.emplace_back(named.name, std::move(*scores));
  return all;
}

NamedComparisons fresh_scores(const EvaluationRequest& request, Registry& registry) {
  NamedComparisons all;
  for (NamedMetrics& named : evaluate_model(request, registry).results)
    if (!named.metrics.comparisons.scores.empty()) all.emplace_back(named.name, std::move(named.metrics.comparisons));
  return all;
}

}  // namespace

std::vector<EvaluatorThresholds> find_thresholds(ThresholdRequest request, const std::function<Registry()>& plugins) {
  NamedComparisons all;
  const fs::path& model = request.evaluation.checkpoint;
  const bool is_json = is_json_file(model), other_pairs = !request.evaluation.recipe.empty() || !request.evaluation.on.path.empty();
  if (is_json && other_pairs) throw Error(fmt::format("\"{}\" holds results of other pairs; name the model itself", model.string()));
  if (const fs::path kept = kept_results(request.evaluation); !other_pairs && !kept.empty()) all = kept_scores(kept);
  if (!all.empty()) refuse_without_effect(request);
  std::optional<Registry> registry;
  if (all.empty() && !is_json) {
    registry.emplace(plugins());
    all = fresh_scores(request.evaluation, *registry);
  }
  if (all.empty()) throw Error("no evaluator kept scores of pairs: name a set of pairs with --on");
  std::vector<std::string> names;
  std::vector<EvaluatorThresholds> out;
  for (const auto& [name, comparisons] : all) {
    names.push_back(name);
    if (request.evaluator.empty() || name == request.evaluator)
      out.push_back(thresholds_of(name, comparisons, request.targets, request.resampling));
  }
  for (EvaluatorThresholds& thresholds : out) thresholds.model = is_json ? "" : fs::absolute(model).lexically_normal().string();
  if (out.empty()) throw Error(fmt::format("no evaluator \"{}\"{}", request.evaluator, suggestion(request.evaluator, names)));
  return out;
}

}  // namespace lafs
