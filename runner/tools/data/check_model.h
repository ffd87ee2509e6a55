#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "kernel/evaluate/mislabelled.h"
#include "kernel/model/open_source.h"

namespace lafs {

struct SourceFindings;

/// A model whose embeddings judge labels and copies.
struct ModelCheckRequest {
  std::filesystem::path model;  ///< as `lafs embed` takes it, or the features of these pictures that it wrote; empty: none
  std::string input;            ///< the contract of a file
  std::string device = "auto";
  int64_t batch = 64;
  double margin = 0.2;  ///< of cosines
};

struct ModelFindings {
  static constexpr double confirms = 0.7;  ///< least cosine of copies

  std::string model;
  double margin = 0;
  std::string not_judged;  ///< why nothing could be judged; empty: it was
  MislabelledFindings labels;
  std::vector<double> within, across;  ///< cosines of the embeddings of each pair of copies
  int64_t confirmed = 0;               ///< of these pairs
  bool stopped = false;
};

/// Embeds every picture, unless the model is a file of features, and judges by the embeddings. Embeddings go to a temporary file, so that
/// they take no memory. Throws Error for features of another number of pictures. [main thread]
ModelFindings judge_by_model(const ModelCheckRequest& request, const SourceRequest& source, const RecipeContext& context,
                             const OpenSource& open, const SourceFindings& findings, bool quiet, Registry& registry);

}  // namespace lafs
