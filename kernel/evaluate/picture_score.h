#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "kernel/evaluate/embedder.h"
#include "kernel/recipe/recipe.h"
#include "kernel/registry/registry.h"
#include "lafs/parallel.h"

namespace lafs {

/// A model and two pictures of a face each, aligned as those of its training.
struct PictureScoreRequest {
  std::filesystem::path checkpoint;  ///< as `EmbeddingRequest` has it
  std::string stage;                 ///< of a row's folder
  std::string input;                 ///< the contract of a file as `input_of` takes it
  RecipeContext context;
  std::filesystem::path first, second;
  EmbedderOptions options;  ///< its device is set by what follows
  std::string device = "auto";
  int64_t threads = hardware_threads();
  std::function<void(const std::string&)> note = [](const std::string&) {};  ///< sentences for people
};

struct PictureScore {
  double score = 0;             ///< cosine of the embeddings of both pictures, in [-1, 1]
  std::filesystem::path model;  ///< the checkpoint folder, or the file, whose weights gave it
};

/// Compares two pictures. The score is that of `verification`, of which `lafs threshold` gives thresholds,
/// where its evaluator has no flip of its own and measures with `options.precision`. The model runs under the input contract saved with it,
/// with the mirrored picture where that says so; pictures that do not suit it are noted. Throws Error for a model or a picture that cannot
/// be opened. [main thread]
///
///     const double score = picture_score({.checkpoint = "runs/own", .first = "a.png", .second = "b.png"}, registry).score;
PictureScore picture_score(const PictureScoreRequest& request, Registry& registry);

}  // namespace lafs
