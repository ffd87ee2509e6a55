#pragma once
#include "kernel/evaluate/embedder.h"
#include "kernel/evaluate/evaluate_model.h"

namespace lafs {

/// A model with the recipe whose evaluators measure it; `recipe.input` is the contract as given, which may not be the model's.
struct MeasuredModel {
  TrainedModel model;
  Recipe recipe;
};

/// Opens both. Throws Error as evaluate_model does, but for contracts that differ. [main thread]
MeasuredModel open_measured(const EvaluationRequest& request, Registry& registry);

/// Whether a file of features stands for the model.
bool is_stored(const TrainedModel& model);

/// How the recipe says that pictures are embedded.
EmbedderOptions embedder_options(const EvaluationRequest& request, const RunOptions& run);

}  // namespace lafs
