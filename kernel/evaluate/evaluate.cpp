#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>

#include "kernel/evaluate/embedder.h"
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

template <typename Work>
auto named(const std::string& evaluator, const Work& work) {
  try {
    return work();
  } catch (const PlacedError&) {
    throw;
  } catch (const std::exception& error) {
    throw Error(fmt::format("evaluator \"{}\": {}", evaluator, sentence_of(error)));
  }
}

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
    const auto requests = named(name, [&evaluator = evaluator] { return evaluator->requests(); });
    for (FeatureRequest request : requests) {
      out.names.back().push_back(request.name);
      request.name = prefix + request.name;
      out.requests.push_back(std::move(request));
    }
  }
  return out;
}

}  // namespace

std::vector<NamedMetrics> evaluate(const NamedEvaluators& evaluators, Embedder& embedder) {
  const Union all = all_requests(evaluators);
  std::shared_ptr<const Features> features;
  if (!all.requests.empty()) features = embedder.embed(all.requests);

  std::vector<NamedMetrics> out;
  for (size_t e = 0; e < evaluators.size(); ++e) {
    const auto& [name, evaluator] = evaluators[e];
    const auto start = std::chrono::steady_clock::now();
    Metrics metrics = named(name, [&, &evaluator = evaluator] {
      if (auto* by_itself = dynamic_cast<Interactive*>(evaluator.get())) return by_itself->run(embedder);
      return evaluator->score(OwnFeatures(features, all.prefixes[e], all.names[e]));
    });
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    out.push_back({name, std::move(metrics), seconds.count()});
  }
  return out;
}

}  // namespace lafs
