#include "kernel/evaluate/model_diagnosis.h"

#include <torch/nn/module.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "kernel/evaluate/measured_model.h"
#include "kernel/model/assembly.h"
#include "kernel/ranks/device.h"
#include "lafs/error.h"
#include "lafs/paired.h"

namespace lafs {

namespace {

constexpr int64_t pairs_for_exchanges = 600;

/// Some pairs of a set, and the pictures they need.
struct ChosenPairs {
  std::shared_ptr<const DataSource> source;
  std::vector<int64_t> pictures;    ///< indices, ascending
  std::vector<ComparedPair> pairs;  ///< as rows of `pictures`
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
  ChosenPairs chosen{.source = evaluator.compared_source(), .pictures = {}, .pairs = spread(evaluator.compared_pairs(), count), .same = {}};
  for (const ComparedPair& pair : chosen.pairs) chosen.pictures.insert(chosen.pictures.end(), {pair.first, pair.second});
  std::sort(chosen.pictures.begin(), chosen.pictures.end());
  chosen.pictures.erase(std::unique(chosen.pictures.begin(), chosen.pictures.end()), chosen.pictures.end());
  const auto row_of = [&](int64_t picture) {
    return std::lower_bound(chosen.pictures.begin(), chosen.pictures.end(), picture) - chosen.pictures.begin();
  };
  for (ComparedPair& pair : chosen.pairs) {
    pair = {row_of(pair.first), row_of(pair.second), pair.same};
    chosen.same.push_back(pair.same ? 1 : 0);
  }
  return chosen;
}

double cosine(std::span<const float> a, std::span<const float> b) {
  double product = 0, length_a = 0, length_b = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    product += static_cast<double>(a[i]) * b[i];
    length_a += static_cast<double>(a[i]) * a[i];
    length_b += static_cast<double>(b[i]) * b[i];
  }
  return length_a > 0 && length_b > 0 ? product / std::sqrt(length_a * length_b) : 0;
}

/// Of pictures without their mirrors, which halves the time and changes no ranking of contracts.
std::vector<double> cosines(const ChosenPairs& chosen, const std::shared_ptr<Backbone>& backbone, const InputContract& input,
                            const EmbedderOptions& options) {
  ModelEmbedder embedder(backbone, input, options);
  const auto features = embedder.embed({{.name = "pictures", .source = chosen.source, .indices = chosen.pictures, .flip = "none"}});
  const FeatureMatrix rows = features->of("pictures");
  std::vector<double> scores;
  for (const ComparedPair& pair : chosen.pairs) scores.push_back(cosine(rows.row(pair.first), rows.row(pair.second)));
  return scores;
}

const ComparesPairs& comparing(const std::vector<std::pair<std::string, std::shared_ptr<Evaluator>>>& evaluators) {
  for (const auto& [name, evaluator] : evaluators) {
    if (const auto* pairs = dynamic_cast<const ComparesPairs*>(evaluator.get())) return *pairs;
  }
  throw Error("no evaluator here compares pictures in pairs, which a diagnosis needs; give a set of pairs with --on");
}

}  // namespace

ModelDiagnosis diagnose_model(const DiagnosisRequest& request, Registry& registry) {
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
  diagnosis.given = recipe.input;
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
