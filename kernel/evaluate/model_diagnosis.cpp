#include "kernel/evaluate/model_diagnosis.h"

#include <torch/nn/module.h>

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "kernel/evaluate/measured_model.h"
#include "kernel/evaluate/stored_embedder.h"
#include "kernel/model/assembly.h"
#include "kernel/ranks/device.h"
#include "lafs/error.h"
#include "lafs/paired.h"
#include "metrics/pair_distances.h"

namespace lafs {

namespace {

constexpr int64_t pairs_for_exchanges = 600;

/// Some pairs of a set, and the pictures they need.
struct ChosenPairs {
  std::shared_ptr<const DataSource> source;
  std::vector<int64_t> pictures;     ///< indices, ascending
  std::vector<metrics::Pair> pairs;  ///< as rows of `pictures`
  std::vector<uint8_t> same;
};

/// `count` pairs, half of each kind where there are so many, evenly over the list.
std::vector<ComparedPair> spread(const std::vector<ComparedPair>& all, int64_t count) {
  std::vector<ComparedPair> kinds[2], chosen;
  for (const ComparedPair& pair : all) kinds[pair.same ? 1 : 0].push_back(pair);
  for (const auto& kind : kinds) {
    const auto there = static_cast<int64_t>(kind.size()), wanted = std::min(there, count / 2);
    for (int64_t i = 0; i < wanted; ++i) chosen.push_back(kind[static_cast<size_t>(i * there / wanted)]);
  }
  return chosen;
}

ChosenPairs choose(const ComparesPairs& evaluator, int64_t count) {
  const std::vector<ComparedPair> pairs = spread(evaluator.compared_pairs(), count);
  ChosenPairs chosen{.source = evaluator.compared_source(), .pictures = {}, .pairs = {}, .same = {}};
  for (const ComparedPair& pair : pairs) chosen.pictures.insert(chosen.pictures.end(), {pair.first, pair.second});
  std::sort(chosen.pictures.begin(), chosen.pictures.end());
  chosen.pictures.erase(std::unique(chosen.pictures.begin(), chosen.pictures.end()), chosen.pictures.end());
  const auto row_of = [&](int64_t picture) {
    return std::lower_bound(chosen.pictures.begin(), chosen.pictures.end(), picture) - chosen.pictures.begin();
  };
  for (const ComparedPair& pair : pairs) {
    chosen.pairs.push_back({row_of(pair.first), row_of(pair.second), pair.same});
    chosen.same.push_back(pair.same ? 1 : 0);
  }
  return chosen;
}

/// Of pictures without their mirrors, which halves the time and changes no ranking of contracts.
std::vector<double> cosines(const ChosenPairs& chosen, const std::shared_ptr<Backbone>& backbone, const InputContract& input,
                            const EmbedderOptions& options) {
  ModelEmbedder embedder(backbone, input, options);
  const auto features = embedder.embed({{.name = "pictures", .source = chosen.source, .indices = chosen.pictures, .flip = "none"}});
  const FeatureMatrix rows = features->of("pictures");
  std::vector<double> scores = metrics::pair_distances(rows.values, rows.width, /*flip=*/false, chosen.pairs).cosine;
  for (double& score : scores) score = 1 - score;
  return scores;
}

const ComparesPairs& comparing(const NamedEvaluators& evaluators) {
  for (const auto& [name, evaluator] : evaluators) {
    if (const auto* pairs = dynamic_cast<const ComparesPairs*>(evaluator.get())) return *pairs;
  }
  throw Error("no evaluator here compares pictures in pairs, which a diagnosis needs; give a set of pairs with --on");
}

}  // namespace

ModelDiagnosis diagnose_model(const DiagnosisRequest& request, Registry& registry) {
  if (holds_features(request.evaluation.checkpoint))
    throw Error(fmt::format("\"{}\" holds features, and a diagnosis looks into the network that made them: name the model itself",
                            request.evaluation.checkpoint.string()));
  auto [model, recipe] = open_measured(request.evaluation, registry);
  const EmbedderOptions options = embedder_options(request.evaluation, recipe.run);
  use_threads(recipe.run.threads);
  RecipeAssembly assembly(recipe, RecipeAssembly::Data::open, request.evaluation.note);
  const auto evaluators = assembly.evaluators();
  const ChosenPairs chosen = choose(comparing(evaluators), request.pairs);
  const ChosenPairs few = choose(comparing(evaluators), std::min(request.pairs, pairs_for_exchanges));

  ModelDiagnosis diagnosis;
  diagnosis.model = model.checkpoint.string();
  diagnosis.set = request.evaluation.on.path.empty() ? "the evaluators' pairs" : request.evaluation.on.path.string();
  diagnosis.genuine = std::count(chosen.same.begin(), chosen.same.end(), 1);
  diagnosis.impostors = static_cast<int64_t>(chosen.same.size()) - diagnosis.genuine;
  diagnosis.record = model.facts.input.difference(recipe.input);

  const std::shared_ptr<Backbone> backbone = load_encoder(model, registry);
  torch::nn::Module& network = *backbone->module();
  network.to(options.device);
  WeightSigns weights = weight_signs(network);
  if (weights.matrices > 0) diagnosis.weights = std::move(weights);
  const ContractScorer scorer = [&](const InputContract& input) { return cosines(chosen, backbone, input, options); };
  ContractSearchOptions search;
  search.trying = request.trying;
  diagnosis.search = search_contract(recipe.input, chosen.same, scorer, search);
  if (request.seconds > 0 && diagnosis.weights && !diagnosis.weights->untrained()) {
    request.trying("layers exchanged");
    const auto score_few = [&] { return cosines(few, backbone, diagnosis.search.best, options); };
    diagnosis.exchanges = search_exchanges(network, few.same, score_few, {.seconds = request.seconds});
    if (const auto& found = diagnosis.exchanges.found) {  // what the network preferred before says nothing
      exchange_layers(network, found->first, found->second);
      diagnosis.search = search_contract(recipe.input, chosen.same, scorer, search);
    }
  }
  conclude(diagnosis);
  return diagnosis;
}

}  // namespace lafs
