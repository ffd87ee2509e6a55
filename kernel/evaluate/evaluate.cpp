#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>

#include "kernel/evaluate/embedder.h"
#include "kernel/evaluate/prefixed.h"
#include "lafs/error.h"
#include "lafs/suggestion.h"

namespace lafs {

namespace {

/// What one evaluator asked for, under the names it used.
class OwnFeatures final : public Features {
 public:
  OwnFeatures(std::shared_ptr<const Features> all, std::string prefix, std::vector<std::string> names)
      : all_(std::move(all)), prefix_(std::move(prefix)), names_(std::move(names)) {}

  FeatureMatrix of(std::string_view request) const override {
    if (std::find(names_.begin(), names_.end(), request) == names_.end()) {
      throw Error(fmt::format("no feature request is named \"{}\"{}", request, suggestion(request, names_)));
    }
    return all_->of(prefix_ + std::string(request));
  }

 private:
  std::shared_ptr<const Features> all_;
  std::string prefix_;
  std::vector<std::string> names_;
};

/// How errors of an evaluator begin.
std::string evaluator_prefix(const std::string& evaluator) { return fmt::format("evaluator \"{}\"", evaluator); }

bool interactive(const Evaluator& evaluator) { return dynamic_cast<const Interactive*>(&evaluator) != nullptr; }

/// The requests of all that do not embed by themselves, and the prefix of each evaluator's own.
struct Union {
  std::vector<FeatureRequest> requests;
  std::vector<std::string> prefixes;
  std::vector<std::vector<std::string>> names;
};

Union all_requests(const NamedEvaluators& evaluators) {
  Union out;
  std::set<std::string> used;
  for (const auto& [name, evaluator] : evaluators) {
    std::string prefix = name + "/";
    for (int64_t twin = 2; !used.insert(prefix).second; ++twin) prefix = fmt::format("{}#{}/", name, twin);
    out.prefixes.push_back(prefix);
    out.names.emplace_back();
    if (interactive(*evaluator)) continue;
    const auto requests = prefixed(evaluator_prefix(name), [&evaluator = evaluator] { return evaluator->requests(); });
    for (FeatureRequest request : requests) {
      out.names.back().push_back(request.name);
      request.name = prefix + request.name;
      out.requests.push_back(std::move(request));
    }
  }
  return out;
}

std::vector<NamedMetrics> score_all(const EvaluatedModel& model, const Union& all, const std::shared_ptr<const Features>& features) {
  std::vector<NamedMetrics> out;
  for (size_t e = 0; e < model.evaluators.size(); ++e) {
    const auto& [name, evaluator] = model.evaluators[e];
    const auto start = std::chrono::steady_clock::now();
    Metrics metrics = prefixed(evaluator_prefix(name), [&, &evaluator = evaluator] {
      if (auto* by_itself = dynamic_cast<Interactive*>(evaluator.get())) return by_itself->run(*model.embedder);
      return evaluator->score(OwnFeatures(features, all.prefixes[e], all.names[e]));
    });
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    out.push_back({name, std::move(metrics), seconds.count()});
  }
  return out;
}

/// The features of each model; null where nothing was asked for.
std::vector<std::shared_ptr<const Features>> all_features(const std::vector<EvaluatedModel>& models, const std::vector<Union>& unions) {
  std::vector<std::shared_ptr<const Features>> out(models.size());
  std::vector<Embedding> together;
  std::vector<size_t> places;
  for (size_t m = 0; m < models.size(); ++m) {
    if (unions[m].requests.empty()) continue;
    if (auto* network = dynamic_cast<ModelEmbedder*>(models[m].embedder)) {
      together.push_back({network, unions[m].requests, models[m].name});
      places.push_back(m);
    } else {
      out[m] = prefixed(models[m].name, [&] { return models[m].embedder->embed(unions[m].requests); });
    }
  }
  auto features = embed_together(together);
  for (size_t i = 0; i < places.size(); ++i) out[places[i]] = std::move(features[i]);
  return out;
}

}  // namespace

std::vector<NamedMetrics> evaluate(const NamedEvaluators& evaluators, Embedder& embedder) {
  return std::move(evaluate_together({{evaluators, &embedder, ""}}).front());
}

std::vector<std::vector<NamedMetrics>> evaluate_together(const std::vector<EvaluatedModel>& models) {
  std::vector<Union> unions;
  for (const EvaluatedModel& model : models) unions.push_back(prefixed(model.name, [&] { return all_requests(model.evaluators); }));
  const auto features = all_features(models, unions);
  std::vector<std::vector<NamedMetrics>> out;
  for (size_t m = 0; m < models.size(); ++m)
    out.push_back(prefixed(models[m].name, [&] { return score_all(models[m], unions[m], features[m]); }));
  return out;
}

}  // namespace lafs
