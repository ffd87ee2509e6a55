#pragma once
#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "lafs/evaluator.h"
#include "lafs/input.h"

namespace lafs {

/// Where a row of a request goes.
struct FeatureRow {
  int64_t request = 0, row = 0;
};

/// One picture, wanted by one row or more.
struct PlannedPicture {
  const DataSource* source = nullptr;
  int64_t source_number = 0;  ///< of the source, in the order of the requests
  int64_t index = 0;
  int64_t first_use = 0, uses = 0;  ///< a stretch of EmbeddingPlan::uses
};

/// What is computed of pictures with the network.
struct NetworkFeature {
  int64_t class_tokens = 0;  ///< 0: the embedding
  bool mean_patch = false;

  auto operator<=>(const NetworkFeature&) const = default;
};

/// One request, with its defaults resolved.
struct PlannedRequest {
  std::string name, flip;  ///< "sum", "none" or "both"
  bool pixels = false, landmarks = false;
  NetworkFeature feature;
  int64_t rows = 0;

  bool mirrors() const { return flip != "none"; }
};

/// Pictures of one source, ascending. Every feature that one of them wants is computed for all.
struct PlannedBatch {
  std::vector<int64_t> pictures;
  std::vector<NetworkFeature> features;  ///< ascending
  std::vector<bool> mirrors;             ///< by feature: whether the mirror is wanted too
  bool pixels = false;                   ///< the grey pixels, beside or alone
  bool landmarks = false;                ///< likewise
};

struct EmbeddingPlan {
  std::vector<PlannedRequest> requests;
  std::vector<PlannedPicture> pictures;  ///< in the order of their first row
  std::vector<FeatureRow> uses;
  std::vector<PlannedBatch> batches;
};

/// Throws Error for requests that cannot be served (evaluator.h), whatever the backbone.
EmbeddingPlan plan_embedding(const std::vector<FeatureRequest>& requests, const InputContract& input, int64_t batch);

}  // namespace lafs
