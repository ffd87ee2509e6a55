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

struct Embedding;

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
  friend std::vector<std::shared_ptr<const Features>> embed_together(const std::vector<Embedding>& wanted);

  std::shared_ptr<Backbone> backbone_;
  InputContract input_;
  EmbedderOptions options_;
};

/// What one of several models is asked for.
struct Embedding {
  ModelEmbedder* model = nullptr;
  std::vector<FeatureRequest> requests;
  std::string name;  ///< of the model, in front of errors that are its own; may be empty
};

/// What `embed` of each would return, bit for bit. Models that are asked for the same pictures (of sources with one fingerprint, in one
/// order) and see them in one size, interpolation and shift share the decoded picture; their order of channels, range of values and flip
/// may differ. Throws what `embed` throws. Progress and stop are those of the first model, over all pictures. [main thread]
std::vector<std::shared_ptr<const Features>> embed_together(const std::vector<Embedding>& wanted);

/// Runs every evaluator; one call of `embed` serves all that are not `Interactive`. Errors have `evaluator "NAME"` in front. [main thread]
std::vector<NamedMetrics> evaluate(const NamedEvaluators& evaluators, Embedder& embedder);

/// One of several models that are evaluated side by side.
struct EvaluatedModel {
  NamedEvaluators evaluators;
  Embedder* embedder = nullptr;
  std::string name;  ///< put in front of errors; may be empty
};

/// What `evaluate` of each would return. The `ModelEmbedder`s among them work by `embed_together`, so that a picture all of them want is
/// decoded once; an `Interactive` evaluator embeds by itself, for each model. [main thread]
std::vector<std::vector<NamedMetrics>> evaluate_together(const std::vector<EvaluatedModel>& models);

}  // namespace lafs
