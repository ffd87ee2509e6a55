#include "runner/conformance/suites.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "kernel/registry/registry.h"
#include "lafs/error.h"
#include "lafs/evaluator.h"
#include "lafs/rng.h"
#include "runner/conformance/empty_recipe.h"
#include "runner/conformance/findings.h"
#include "runner/conformance/threads.h"

namespace lafs::conformance {

namespace {

/// Features without a network: by chance, or the identity of each picture with a little noise.
class MadeFeatures final : public Features, public Embedder {
 public:
  MadeFeatures(std::vector<FeatureRequest> requests, bool perfect) : perfect_(perfect) { take(std::move(requests)); }

  FeatureMatrix of(std::string_view request) const override {
    const auto found = rows_.find(request);
    if (found == rows_.end()) throw Error(fmt::format("nobody asked for \"{}\"", request));
    return {found->second.values, found->second.rows, found->second.width};
  }
  std::shared_ptr<const Features> embed(const std::vector<FeatureRequest>& requests) override {
    return std::make_shared<MadeFeatures>(requests, perfect_);
  }

 private:
  struct Matrix {
    std::vector<float> values;
    int64_t rows = 0, width = 0;
  };

  void take(std::vector<FeatureRequest> requests) {
    for (FeatureRequest& request : requests) {
      if (!request.indices) {
        request.indices.emplace();
        for (int64_t i = 0; i < request.source->size(); ++i) request.indices->push_back(i);
      }
      const int64_t single = perfect_ ? std::max<int64_t>(request.source->identities(), 24) : 24;
      const int64_t vectors = std::max<int64_t>(request.class_tokens, 1) + (request.mean_patch ? 1 : 0);
      const int64_t copies = vectors * (request.flip == "both" ? 2 : 1);
      Matrix matrix{{}, static_cast<int64_t>(request.indices->size()), single * copies};
      for (const int64_t index : *request.indices) {
        Rng rng(fold(key_of(request.name), static_cast<uint64_t>(index)));
        for (int64_t i = 0; i < matrix.width; ++i) {
          if (request.landmarks) {  // pixels of the input
            matrix.values.push_back(static_cast<float>(rng.uniform(0, 112)));
            continue;
          }
          const double hot = i % single == request.source->identity(index) ? 1 : 0;
          matrix.values.push_back(static_cast<float>(perfect_ ? hot + rng.normal(0, 1e-3) : rng.normal()));
        }
      }
      rows_[request.name] = std::move(matrix);
    }
  }

  bool perfect_;
  std::map<std::string, Matrix, std::less<>> rows_;
};

bool same_number(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

/// The promises of evaluator.h.
class EvaluatorSuite {
 public:
  EvaluatorSuite(std::shared_ptr<Evaluator> evaluator, Findings& findings) : evaluator_(std::move(evaluator)), findings_(findings) {}

  void run() {
    findings_.guard("requests are made", [&] { requests(); });
    findings_.guard("random features are scored", [&] { random(); });
    findings_.guard("perfect features are scored", [&] { perfect(); });
  }

 private:
  void requests() {
    std::set<std::string> names;
    const auto requests = evaluator_->requests();
    if (!dynamic_cast<Interactive*>(evaluator_.get())) findings_.expect(!requests.empty(), "it asks for features", "it asks for none");
    for (const FeatureRequest& request : requests) {
      findings_.expect(!request.name.empty() && names.insert(request.name).second, "requests have names of their own", request.name);
      findings_.expect(request.source != nullptr, "a request names its source", request.name);
      findings_.expect(std::set<std::string>{"contract", "sum", "none", "both"}.contains(request.flip), "a request has a valid flip rule",
                       request.flip);
      findings_.expect(request.class_tokens >= 0, "a request asks for class tokens or none", request.name);
      if (!request.source || !request.indices) continue;
      for (const int64_t index : *request.indices) {
        findings_.expect(index >= 0 && index < request.source->size(), "requested pictures are in the source", fmt::format("{}", index));
      }
    }
  }

  Metrics score(bool perfect) const {
    MadeFeatures features(evaluator_->requests(), perfect);
    if (auto* interactive = dynamic_cast<Interactive*>(evaluator_.get())) return interactive->run(features);
    return evaluator_->score(features);
  }

  void random() {
    const Metrics first = score(false), second = score(false);
    findings_.expect(!first.values.empty(), "there is a score", "there is none");
    if (first.values.empty()) return;
    findings_.expect(std::isfinite(first.values[0].value), "the score that ranks checkpoints exists", first.values[0].name);
    std::set<std::string> names;
    for (const Metric& metric : first.values) {
      findings_.expect(names.insert(metric.full_name()).second, "scores have names of their own", metric.name);
      look(metric);
    }
    for (const Curve& curve : first.curves) {
      findings_.expect(!curve.x.empty() && curve.x.size() == curve.y.size(), "a curve has a y for each x", curve.name);
    }
    expect_equal(first, second, "two calls score the same");
  }

  /// The largest value that the unit allows; 0: any.
  static double whole_of(const Metric& metric) { return metric.unit == Unit::share ? 1 : metric.unit == Unit::percent ? 100 : 0; }

  void look(const Metric& metric) {
    const std::string what = fmt::format("\"{}\" is {} +- {} on {}", metric.full_name(), metric.value, metric.standard_error, metric.n);
    findings_.expect(!std::isinf(metric.value), "no score is infinite", what);
    findings_.expect(metric.n > 0, "a score says on how many items", what);
    findings_.expect(!(metric.standard_error < 0) && !std::isinf(metric.standard_error), "a standard error is not below 0", what);
    if (whole_of(metric) == 0 || std::isnan(metric.value)) return;
    findings_.expect(metric.value >= 0 && metric.value <= whole_of(metric), "a share is between 0 and all", what);
  }

  void expect_equal(const Metrics& a, const Metrics& b, const std::string& promise) {
    findings_.expect(a.values.size() == b.values.size() && a.notes == b.notes, promise, "the lists differ");
    for (size_t i = 0; i < std::min(a.values.size(), b.values.size()); ++i) {
      findings_.expect(same_number(a.values[i].value, b.values[i].value) && a.values[i].name == b.values[i].name, promise,
                       fmt::format("\"{}\" is {}, then {}", a.values[i].name, a.values[i].value, b.values[i].value));
    }
  }

  /// A picture that is the only one of its identity has no right neighbour, however good the features are.
  bool has_single_pictures() const {
    for (const FeatureRequest& request : evaluator_->requests()) {
      std::map<int64_t, int64_t> pictures;
      for (int64_t i = 0; i < request.source->size(); ++i) ++pictures[request.source->identity(i)];
      for (const auto& [identity, count] : pictures) {
        if (count == 1) return true;
      }
    }
    return false;
  }

  void perfect() {
    const Metrics metrics = score(true);
    if (metrics.values.empty() || whole_of(metrics.values[0]) == 0 || has_single_pictures()) return;
    const Metric& best = metrics.values[0];
    const double share = best.value / whole_of(best);
    findings_.expect(share > 0.99, "perfect features score above 0.99", fmt::format("\"{}\" is {}", best.name, share));
  }

  std::shared_ptr<Evaluator> evaluator_;
  Findings& findings_;
};

}  // namespace

void conform_evaluator(const Use<Evaluator>& use, Findings& findings) {
  EmptyRecipe recipe;
  EvaluatorSuite(use.make(recipe.assembly()), findings).run();
}

}  // namespace lafs::conformance
