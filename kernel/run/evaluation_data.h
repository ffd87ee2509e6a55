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
///     if (data.differs(recipe, text_under(results, "evaluation_data"))) measure_again();
class EvaluationData {
 public:
  explicit EvaluationData(RunListeners listeners = {}) : listeners_(std::move(listeners)) {}

  /// Empty where the data cannot be opened.
  std::string fingerprint_of(const Recipe& recipe);
  /// Whether results that were measured on data with this fingerprint are known to be of other data. Empty: nobody wrote it down.
  bool differs(const Recipe& recipe, const std::string& measured_on);

 private:
  RunListeners listeners_;
  std::map<std::string, std::string> known_;  ///< by the evaluators' resolved options
};

}  // namespace lafs
