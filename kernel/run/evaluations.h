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
#include "kernel/run/listener.h"
#include "lafs/backbone.h"

namespace lafs {

/// The evaluators of a run: which are due when, and their scores. [main thread]
class Evaluations {
 public:
  /// Makes the evaluators, and takes the fingerprint of what they measure on: a list of pairs that changes later is not taken for the one
  /// that was read. Throws Error when one cannot be made, as for a wrong list of pairs, and StoppedReading after a signal.
  Evaluations(const Recipe& recipe, RecipeAssembly& assembly, at::Device device, const RunListeners& listeners);

  const NamedEvaluators& all() const { return all_; }
  const std::string& data_fingerprint() const { return data_fingerprint_; }  ///< as `evaluation_fingerprint` gives it
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
  std::string data_fingerprint_;
};

}  // namespace lafs
