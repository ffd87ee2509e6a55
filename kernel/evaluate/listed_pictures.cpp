#include "kernel/evaluate/listed_pictures.h"

#include <optional>
#include <utility>

#include "kernel/data/pixels.h"
#include "lafs/error.h"

namespace lafs {

namespace {

std::optional<Image> picture_named(const std::string& key, const std::vector<FeatureRequest>& requests, const InputContract& input) {
  for (const FeatureRequest& request : requests) {
    const auto index = request.source->find(key);
    if (!index) continue;
    try {
      return fitted(request.source->get(*index).image, input);
    } catch (const Error&) {  // it was readable when it was embedded; what it looks like is gone, its score is not
      return std::nullopt;
    }
  }
  return std::nullopt;
}

std::optional<ListedItem> with_pictures(const RankedItem& item, const std::vector<FeatureRequest>& requests, const InputContract& input) {
  ListedItem listed{item, {}};
  for (const std::string& key : item.pictures) {
    auto picture = picture_named(key, requests, input);
    if (!picture) return std::nullopt;
    listed.pictures.push_back(std::move(*picture));
  }
  return listed;
}

void add_lists(const NamedMetrics& named, const Evaluator& evaluator, const InputContract& input, int64_t most,
               std::vector<ListedPictures>& all) {
  const std::vector<FeatureRequest> requests = evaluator.requests();
  for (const RankedList& list : named.metrics.lists) {
    ListedPictures listed{named.name, list.name, {}};
    for (const RankedItem& item : list.items) {
      if (item.pictures.empty()) continue;
      if (static_cast<int64_t>(listed.items.size()) == most) break;
      if (auto shown = with_pictures(item, requests, input)) listed.items.push_back(std::move(*shown));
    }
    if (!listed.items.empty()) all.push_back(std::move(listed));
  }
}

}  // namespace

std::vector<ListedPictures> listed_pictures(const NamedEvaluators& evaluators, const std::vector<NamedMetrics>& results,
                                            const InputContract& input, int64_t most) {
  std::vector<ListedPictures> all;
  for (const NamedMetrics& named : results) {
    for (const auto& [name, evaluator] : evaluators)
      if (name == named.name) add_lists(named, *evaluator, input, most, all);
  }
  return all;
}

}  // namespace lafs
