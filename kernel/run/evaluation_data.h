#pragma once
#include <map>
#include <string>

#include "kernel/model/assembly.h"
#include "kernel/recipe/recipe.h"
#include "kernel/run/listener.h"

namespace lafs {

/// Content fingerprint of what a recipe's evaluators measure on: the sources of the pictures that they ask for, and the other files that
/// their options name, such as lists of pairs. Empty without evaluators. The listeners hear how far reading is. Throws StoppedReading after
/// a signal. [main thread]
std::string evaluation_fingerprint(const Recipe& recipe, const NamedEvaluators& evaluators, const RunListeners& listeners);

/// The same of recipes whose evaluators are not made yet. Data that several have in common is looked at once, so what changes later is not
/// seen. [main thread]
///
///     EvaluationData data;
///     if (data.of(recipe).differs_from(text_under(results, "evaluation_data"))) measure_again();
class EvaluationData {
 public:
  struct Look {
    std::string fingerprint;  ///< empty without evaluators, and where the data cannot be looked at
    std::string fault;        ///< a sentence for people: results are kept, and why the data cannot be looked at; empty: it was

    /// Whether results that were measured on data with this fingerprint are known to be of other data. Empty: nobody wrote it down.
    bool differs_from(const std::string& measured_on) const {
      return !measured_on.empty() && !fingerprint.empty() && measured_on != fingerprint;
    }
  };

  explicit EvaluationData(RunListeners listeners = {}) : listeners_(std::move(listeners)) {}

  /// Throws StoppedReading after a signal, and nothing else.
  const Look& of(const Recipe& recipe);

 private:
  RunListeners listeners_;
  std::map<std::string, Look> known_;  ///< by the evaluators' resolved options
};

}  // namespace lafs
