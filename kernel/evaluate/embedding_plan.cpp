#include "kernel/evaluate/embedding_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <span>
#include <utility>

#include "lafs/error.h"
#include "lafs/suggestion.h"

namespace lafs {

namespace {

PlannedRequest resolved(const FeatureRequest& request, const InputContract& input) {
  const std::vector<std::string> flips{"contract", "sum", "none", "both"};
  const auto complain = [&](const std::string& text) { throw Error(fmt::format("request \"{}\": {}", request.name, text)); };
  if (!request.source) complain("has no data source");
  if (std::find(flips.begin(), flips.end(), request.flip) == flips.end()) {
    complain(fmt::format("flip = \"{}\" is not a choice{}", request.flip, suggestion(request.flip, flips)));
  }
  if (request.class_tokens < 0) complain(fmt::format("class tokens of the last {} blocks", request.class_tokens));
  if (request.mean_patch && request.class_tokens < 1)
    complain("the mean of patch tokens stands beside class tokens, and none are asked for");
  if (request.indices && request.indices->empty()) complain("names no picture");
  if (request.landmarks && (request.pixels || request.class_tokens > 0)) complain("landmarks, or another feature, but not both");
  if (request.landmarks && request.flip != "none") complain("landmarks are of the picture alone: flip must be \"none\"");
  for (const int64_t index : request.indices.value_or(std::vector<int64_t>())) {
    if (index < 0 || index >= request.source->size()) complain(fmt::format("index {} is outside [0, {})", index, request.source->size()));
  }
  PlannedRequest out;
  out.name = request.name;
  out.flip = request.flip == "contract" ? input.flip : request.flip;
  out.pixels = request.pixels;
  out.landmarks = request.landmarks;
  if (!request.pixels) out.feature = {request.class_tokens, request.mean_patch};
  out.rows = request.indices ? static_cast<int64_t>(request.indices->size()) : request.source->size();
  return out;
}

/// Picture number of every row of every request, and the pictures in the order in which they are first wanted.
std::vector<std::vector<int64_t>> number_pictures(const std::vector<FeatureRequest>& requests, EmbeddingPlan& plan) {
  struct Known {
    int64_t source_number = 0;
    std::vector<int64_t> pictures;
  };
  std::map<const DataSource*, Known> sources;
  std::vector<std::vector<int64_t>> out(requests.size());
  for (size_t r = 0; r < requests.size(); ++r) {
    const DataSource* source = requests[r].source.get();
    const auto source_number = sources.try_emplace(source, Known{static_cast<int64_t>(sources.size()), {}}).first->second.source_number;
    std::vector<int64_t>& known = sources[source].pictures;
    known.resize(static_cast<size_t>(source->size()), -1);
    for (int64_t row = 0; row < plan.requests[r].rows; ++row) {
      const int64_t index = requests[r].indices ? (*requests[r].indices)[static_cast<size_t>(row)] : row;
      int64_t& number = known[static_cast<size_t>(index)];
      if (number < 0) {
        number = static_cast<int64_t>(plan.pictures.size());
        plan.pictures.push_back({source, source_number, index});
      }
      ++plan.pictures[static_cast<size_t>(number)].uses;
      out[r].push_back(number);
    }
  }
  return out;
}

void lay_out_uses(const std::vector<std::vector<int64_t>>& numbers, EmbeddingPlan& plan) {
  int64_t total = 0;
  for (PlannedPicture& picture : plan.pictures) picture.first_use = std::exchange(total, total + picture.uses), picture.uses = 0;
  plan.uses.resize(static_cast<size_t>(total));
  for (size_t r = 0; r < numbers.size(); ++r) {
    for (size_t row = 0; row < numbers[r].size(); ++row) {
      PlannedPicture& picture = plan.pictures[static_cast<size_t>(numbers[r][row])];
      plan.uses[static_cast<size_t>(picture.first_use + picture.uses++)] = {static_cast<int64_t>(r), static_cast<int64_t>(row)};
    }
  }
}

/// Adds what one picture wants to what its batch computes: a batch is computed alike for all its rows.
void add_wants(const PlannedPicture& picture, const EmbeddingPlan& plan, std::map<NetworkFeature, bool>& features, PlannedBatch& batch) {
  for (int64_t u = picture.first_use; u < picture.first_use + picture.uses; ++u) {
    const PlannedRequest& request = plan.requests[static_cast<size_t>(plan.uses[static_cast<size_t>(u)].request)];
    if (request.pixels) {
      batch.pixels = true;
    } else if (request.landmarks) {
      batch.landmarks = true;
    } else {
      bool& mirrors = features[request.feature];
      mirrors = mirrors || request.mirrors();
    }
  }
}

PlannedBatch batch_of(const EmbeddingPlan& plan, std::span<const int64_t> pictures) {
  PlannedBatch out;
  std::map<NetworkFeature, bool> features;
  for (const int64_t number : pictures) add_wants(plan.pictures[static_cast<size_t>(number)], plan, features, out);
  out.pictures.assign(pictures.begin(), pictures.end());
  for (const auto& [feature, mirrors] : features) {
    out.features.push_back(feature);
    out.mirrors.push_back(mirrors);
  }
  return out;
}

}  // namespace

EmbeddingPlan plan_embedding(const std::vector<FeatureRequest>& requests, const InputContract& input, int64_t batch) {
  EmbeddingPlan plan;
  std::set<std::string> names;
  for (const FeatureRequest& request : requests) {
    if (!names.insert(request.name).second) throw Error(fmt::format("two feature requests are named \"{}\"", request.name));
    plan.requests.push_back(resolved(request, input));
  }
  lay_out_uses(number_pictures(requests, plan), plan);

  // By source and index, a source never in another's batch: a picture's place in its batch, on which the last bits depend,
  // is decided by the wanted pictures of its own source.
  std::vector<int64_t> order(plan.pictures.size());
  std::iota(order.begin(), order.end(), 0);
  const auto place = [&](int64_t number) {
    const PlannedPicture& picture = plan.pictures[static_cast<size_t>(number)];
    return std::pair(picture.source_number, picture.index);
  };
  std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return place(a) < place(b); });
  for (size_t first = 0, last = 0; first < order.size(); first = last) {
    while (last < order.size() && last < first + static_cast<size_t>(batch) && place(order[last]).first == place(order[first]).first)
      ++last;
    plan.batches.push_back(batch_of(plan, std::span(order).subspan(first, last - first)));
  }
  return plan;
}

}  // namespace lafs
