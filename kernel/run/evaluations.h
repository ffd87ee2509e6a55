#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <c10/core/Device.h>

#include "kernel/data/epochs.h"
#include "kernel/model/assembly.h"
#include "kernel/recipe/recipe.h"
#include "kernel/results/named_metrics.h"
#include "lafs/backbone.h"

namespace lafs {

/// The evaluators of a run: which are due when, and their scores. [main thread]
class Evaluations {
 public:
  /// Makes the evaluators; throws Error when one cannot be made, as for a wrong list of pairs.
  Evaluations(const Recipe& recipe, RecipeAssembly& assembly, at::Device device);

  const NamedEvaluators& all() const { return all_; }
  /// Sentences about pictures that do not suit the input, of every evaluator; requests of one source repeat them.
  std::vector<std::string> notes() const;
  /// The others.
  NamedEvaluators all_but(const NamedEvaluators& chosen) const;
  /// Those that are due after so many steps.
  NamedEvaluators due(const Epochs& epochs, int64_t steps) const;
  /// Nothing when a signal asked to stop before all were scored.
  std::optional<std::vector<NamedMetrics>> scores(const NamedEvaluators& chosen, std::shared_ptr<Backbone> encoder) const;

 private:
  const Recipe& recipe_;
  at::Device device_;
  NamedEvaluators all_;
};

}  // namespace lafs
