#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "kernel/evaluate/embedder.h"
#include "kernel/model/open_source.h"
#include "lafs/parallel.h"

namespace lafs {

struct EmbeddingRequest {
  std::filesystem::path checkpoint;  ///< as `find_model` takes it, or a model that was trained elsewhere, as `EvaluationRequest` has it
  std::string stage;                 ///< of a row's folder
  std::string input;                 ///< the contract of a file as `input_of` takes it
  SourceRequest source;              ///< none: the pictures the model was trained on
  RecipeContext context;
  std::filesystem::path out;  ///< as `FeatureFile` takes it
  EmbedderOptions options;    ///< device and progress are set by what follows
  std::string device = "auto";
  std::string flip = "contract";  ///< of picture and mirror: "sum", "none", "both", or what the input contract says
  int64_t class_tokens = 0;       ///< of the last so many blocks instead of the embedding
  int64_t threads = hardware_threads();
  bool replace = false;  ///< replace what `out` holds
  /// Sentences for people.
  std::function<void(const std::string&)> note = [](const std::string&) {};
  /// So many pictures were looked at for the fingerprint of the data, before anything else. [one thread at a time, any]
  std::function<void(int64_t done, int64_t total)> reading = [](int64_t, int64_t) {};
  /// Called first with the rows that were there, then after each batch.
  std::function<void(int64_t embedded, int64_t total)> progress = [](int64_t, int64_t) {};
  /// Asked after each chunk; true ends the work.
  std::function<bool()> stop = [] { return false; };
};

struct EmbeddingOutcome {
  int64_t embedded = 0, total = 0;  ///< rows in the file; fewer than all when it was stopped
  int64_t identities = 0, width = 0;
  bool was_done = false;  ///< before
};

/// Writes the features of every picture of a source; goes on with the rows a stopped call left. The model runs under the input contract
/// saved with it. Rows are the same wherever the work was stopped. Throws Error, and StoppedReading when it
/// was stopped before it began. [main thread]
EmbeddingOutcome embed_source(const EmbeddingRequest& request, Registry& registry);

}  // namespace lafs
