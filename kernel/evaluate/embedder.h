#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kernel/results/named_metrics.h"
#include "lafs/evaluator.h"
#include "lafs/input.h"

namespace lafs {

class Backbone;

struct EmbedderOptions {
  int64_t batch = 64;   ///< rows of a forward pass, > 0
  int64_t threads = 2;  ///< that decode, > 0
  at::Device device = at::kCPU;
  std::string precision = "fp32";                             ///< "fp32", "bf16", "fp16": autocast
  std::function<void(int64_t done, int64_t total)> progress;  ///< pictures; called on the caller's thread; may be empty
  std::function<bool()> stop;  ///< asked before every batch: true makes `embed` throw EmbeddingStopped; may be empty
};

/// Thrown where `EmbedderOptions::stop` asked for it. No Error: nothing went wrong, and nobody wraps it in a sentence.
struct EmbeddingStopped {};

/// Embeds with one backbone in evaluation mode, without gradients and without chance.
/// A picture that several requests of one call want is decoded once and embedded once for each kind of feature.
/// Batches have one size, black pictures filling the last, and hold one source in ascending order: the numbers depend on the batch size and
/// on which pictures of that source are wanted, never on the number of threads or on other sources. [main thread]
class ModelEmbedder final : public Embedder {
 public:
  /// `backbone` may be null: then only pixels can be asked for. Throws Error for a precision it does not know.
  ModelEmbedder(std::shared_ptr<Backbone> backbone, InputContract input, EmbedderOptions options);

  /// Throws Error for two requests of one name, an index outside its source, an unknown flip, class tokens or landmarks of a backbone that
  /// shows none, and a feature that is not finite; an error of decoding has the picture's key in front. Throws EmbeddingStopped.
  std::shared_ptr<const Features> embed(const std::vector<FeatureRequest>& requests) override;

 private:
  std::shared_ptr<Backbone> backbone_;
  InputContract input_;
  EmbedderOptions options_;
};

/// Runs every evaluator; one call of `embed` serves all that are not `Interactive`. Errors have `evaluator "NAME"` in front. [main thread]
std::vector<NamedMetrics> evaluate(const NamedEvaluators& evaluators, Embedder& embedder);

}  // namespace lafs
