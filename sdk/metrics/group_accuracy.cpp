#include "metrics/group_accuracy.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "lafs/error.h"

namespace lafs::metrics {

GroupAccuracy accuracy_by_group(std::span<const GroupPairs> groups, int64_t folds) {
  if (groups.empty()) throw Error("there are no groups of pairs");
  GroupAccuracy out;
  std::vector<double> means;
  for (const GroupPairs& group : groups) {
    try {
      out.groups.push_back(fold_accuracy(group.distances, group.same, folds));
    } catch (const Error& error) {
      throw Error(fmt::format("group \"{}\": {}", group.name, error.what()));
    }
    means.push_back(out.groups.back().mean);
  }
  out.mean = mean(means);
  if (const auto n = static_cast<double>(means.size()); n > 1) out.std = population_std(means) * std::sqrt(n / (n - 1));
  const auto [lowest, highest] = std::minmax_element(means.begin(), means.end());
  out.error_ratio = *lowest == *highest ? 1 : *highest == 1 ? std::nan("") : (1 - *lowest) / (1 - *highest);
  return out;
}

}  // namespace lafs::metrics
