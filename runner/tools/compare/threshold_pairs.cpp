#include "runner/tools/compare/threshold_pairs.h"

#include <optional>
#include <utility>

#include <fmt/format.h>

#include "kernel/results/scores_file.h"
#include "lafs/error.h"
#include "lafs/suggestion.h"
#include "runner/tools/compare/scored_results.h"

namespace lafs {

namespace {

namespace fs = std::filesystem;

using NamedComparisons = std::vector<std::pair<std::string, Comparisons>>;

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
  const bool is_json = model.extension() == ".json",
             other_pairs = !request.evaluation.recipe.empty() || !request.evaluation.on.path.empty();
  if (is_json && other_pairs) throw Error(fmt::format("\"{}\" holds results of other pairs; name the model itself", model.string()));
  if (!other_pairs && (is_json || fs::exists(model / "results.json"))) all = kept_scores(model);
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
  if (out.empty()) throw Error(fmt::format("no evaluator \"{}\"{}", request.evaluator, suggestion(request.evaluator, names)));
  return out;
}

}  // namespace lafs
