#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kernel/evaluate/embedder.h"
#include "lafs/evaluator.h"

namespace lafs {

/// The word `flip` of FILE.json, which `lafs embed` writes beside FILE; empty where there is none.
std::string recorded_flip(const std::filesystem::path& file);

/// A matrix of features in a file, mapped into memory: `.npy`, or safetensors with the tensor "features" or only one tensor.
/// float32 rows are used where they lie; other precisions are widened or narrowed to float32. [any thread]
class FeatureRows {
 public:
  /// Throws Error naming the file where it holds no matrix of real numbers.
  explicit FeatureRows(const std::filesystem::path& file);

  FeatureMatrix matrix() const { return matrix_; }
  /// How a row came about, where a file FILE.json of `lafs embed` says it: "both" is the picture's numbers, then its mirror's. Empty if
  /// not.
  const std::string& flip() const { return flip_; }

 private:
  std::shared_ptr<const void> owner_;
  FeatureMatrix matrix_;
  std::string flip_;
};

/// Whether the file begins as one that FeatureRows reads.
bool holds_features(const std::filesystem::path& file);

/// Serves evaluators from a file instead of a network: row i is the picture i of the source. [main thread]
class StoredEmbedder final : public Embedder {
 public:
  /// Pixels, which a baseline asks for, are read from the pictures under `input` and `options`.
  StoredEmbedder(const std::filesystem::path& file, InputContract input, EmbedderOptions options)
      : file_(file.string()),
        input_(input),
        rows_(std::make_shared<const FeatureRows>(file)),
        pixels_(nullptr, std::move(input), std::move(options)) {}

  /// Rows of picture and mirror also serve requests without the mirror, and for the sum of both. Throws Error for a source with another
  /// number of pictures than the file has rows, for a second source of other pictures, for class tokens and landmarks, which a file of
  /// embeddings lacks, for picture and mirror where FILE.json does not say that a row is both, and for a row that is not finite, naming
  /// the picture.
  std::shared_ptr<const Features> embed(const std::vector<FeatureRequest>& requests) override;

 private:
  enum class Part { whole, first_half, sum };
  Part part_of(const FeatureRequest& request) const;
  void check_request(const FeatureRequest& request);
  FeatureMatrix rows_of(const FeatureRequest& request, std::vector<std::shared_ptr<const void>>& owners) const;

  std::string file_;
  std::string pictures_;  ///< fingerprint of the source that was asked for first
  InputContract input_;
  std::shared_ptr<const FeatureRows> rows_;  ///< shared with the features, which are views of it
  ModelEmbedder pixels_;
};

}  // namespace lafs
