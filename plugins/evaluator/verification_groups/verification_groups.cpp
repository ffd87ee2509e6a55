#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "groups.h"
#include "lafs/assembly.h"
#include "lafs/evaluator.h"
#include "lafs/parallel.h"
#include "lafs/plugin.h"
#include "metrics/asked_rows.h"
#include "metrics/group_accuracy.h"

namespace {

/// Verification for each of several lists of pairs, such as RFW's four groups of people.
class Groups final : public lafs::Evaluator {
 public:
  struct Options {
    lafs::Use<lafs::DataSource> data;
    lafs::verification_groups::GroupOptions groups;
    std::string flip = "contract";

    void declare(lafs::Params& p) {
      p("data", data, lafs::needed(), "pictures that are compared");
      groups.declare(p);
      p("flip", flip, lafs::one_of({"contract", "sum", "none"}), lafs::metrics::about_flip);
    }
  };

  Groups(const Options& options, lafs::Assembly& assembly) : folds_(options.groups.folds), contract_(assembly.input()) {
    asked_ = {"embeddings", options.data.make(assembly), lafs::metrics::adds_mirror(options.flip, contract_)};
    groups_ = lafs::verification_groups::read_groups(options.groups, *asked_.source);
    asked_.indices.emplace();
    for (const auto& group : groups_)
      for (const lafs::metrics::Pair& pair : group.pairs) asked_.indices->insert(asked_.indices->end(), {pair.first, pair.second});
    std::sort(asked_.indices->begin(), asked_.indices->end());
    asked_.indices->erase(std::unique(asked_.indices->begin(), asked_.indices->end()), asked_.indices->end());
    for (auto& group : groups_)
      for (lafs::metrics::Pair& pair : group.pairs) pair = {row_of(pair.first), row_of(pair.second), pair.same};
  }

  std::vector<lafs::FeatureRequest> requests() const override { return {asked_.request()}; }

  lafs::Metrics score(const lafs::Features& features) const override {
    const lafs::metrics::Rows unit = lafs::metrics::all_rows(asked_.rows(features), lafs::hardware_threads());
    std::vector<lafs::metrics::GroupPairs> pairs;
    for (const auto& group : groups_) {
      pairs.push_back({group.name, lafs::metrics::squared_distances(unit, group.pairs), {}});
      for (const lafs::metrics::Pair& pair : group.pairs) pairs.back().same.push_back(pair.same ? 1 : 0);
    }
    return metrics_of(lafs::metrics::accuracy_by_group(pairs, folds_));
  }

 private:
  int64_t row_of(int64_t picture) const {
    return std::lower_bound(asked_.indices->begin(), asked_.indices->end(), picture) - asked_.indices->begin();
  }

  lafs::Metrics metrics_of(const lafs::metrics::GroupAccuracy& found) const {
    lafs::Metrics metrics;
    const auto count = static_cast<int64_t>(groups_.size());
    const double groups = static_cast<double>(count), folds = static_cast<double>(folds_);
    int64_t all = 0;
    double variance = 0;
    std::vector<std::string> names;
    for (size_t g = 0; g < groups_.size(); ++g) {
      all += static_cast<int64_t>(groups_[g].pairs.size());
      variance += found.groups[g].std * found.groups[g].std / folds;
      names.push_back(groups_[g].name);
    }
    metrics.values.push_back({.name = "accuracy",
                              .value = found.mean,
                              .standard_error = std::sqrt(variance) / groups,
                              .n = all,
                              .unit = lafs::Unit::share,
                              .better = lafs::Better::larger});
    for (size_t g = 0; g < groups_.size(); ++g)
      metrics.values.push_back({.name = "accuracy@" + groups_[g].name,
                                .value = found.groups[g].mean,
                                .standard_error = found.groups[g].std / std::sqrt(folds),
                                .n = static_cast<int64_t>(groups_[g].pairs.size()),
                                .unit = lafs::Unit::share,
                                .better = lafs::Better::larger});
    metrics.values.push_back(
        {.name = "std_of_groups", .value = found.std, .n = count, .unit = lafs::Unit::share, .better = lafs::Better::smaller});
    metrics.values.push_back({.name = "error_ratio", .value = found.error_ratio, .n = count, .better = lafs::Better::smaller});
    metrics.notes.push_back(fmt::format("verification by group, {} pairs of {} groups ({}), {} folds and thresholds within each group, {}",
                                        all, count, fmt::join(names, ", "), folds_, lafs::metrics::input_words(contract_, asked_.mirrors)));
    metrics.notes.push_back("accuracy is the mean over groups; error_ratio is the largest error rate of a group divided by the smallest");
    for (const auto& group : groups_) {
      if (!group.note.empty()) metrics.notes.push_back(group.note);
      if (!group.warning.empty()) metrics.warnings.push_back(group.warning);
    }
    return metrics;
  }

  int64_t folds_;
  lafs::InputContract contract_;
  lafs::metrics::AskedRows asked_;
  std::vector<lafs::verification_groups::Group> groups_;
};

}  // namespace

LAFS_PLUGIN(registrar) {
  registrar.add<Groups>("verification_groups", "accuracy of pairs for each group of people, a list of pairs each: RFW's protocol");
}
