#include "metrics/retrieval.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "lafs/assembly.h"
#include "lafs/error.h"
#include "lafs/evaluator.h"
#include "lafs/parallel.h"
#include "lafs/plugin.h"
#include "metrics/asked_rows.h"
#include "metrics/bootstrap.h"

namespace {

/// Every picture looks for the others of its identity among all others of the set.
class LeaveOneOut final : public lafs::Evaluator {
 public:
  struct Options {
    lafs::Use<lafs::DataSource> data;
    std::string flip = "contract";
    int64_t hardest = 10, bootstrap = 1000;

    void declare(lafs::Params& p) {
      p("data", data, lafs::needed(), "pictures, each of which queries all others");
      p("flip", flip, lafs::one_of({"contract", "sum", "none"}), lafs::metrics::about_flip);
      p.affects_unless(1000, "bootstrap", bootstrap, lafs::in(0, 100000), lafs::metrics::about_bootstrap);
      p.affects_nothing("hardest", hardest, lafs::at_least(0), "queries with the lowest average precision that are listed");
    }
  };

  LeaveOneOut(const Options& options, lafs::Assembly& assembly)
      : contract_(assembly.input()),
        asked_{"embeddings", options.data.make(assembly), lafs::metrics::adds_mirror(options.flip, contract_)},
        identities_(asked_.identities()),
        hardest_(options.hardest),
        resampling_{options.bootstrap} {
    std::vector<int64_t> sorted = identities_;
    std::sort(sorted.begin(), sorted.end());
    if (std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end())
      throw lafs::Error("no identity has two pictures, so no query has anything to find");
  }

  std::vector<lafs::FeatureRequest> requests() const override { return {asked_.request()}; }

  lafs::Metrics score(const lafs::Features& features) const override {
    const int64_t threads = lafs::hardware_threads();
    const lafs::metrics::Rows unit = lafs::metrics::all_rows(asked_.rows(features), threads);
    const lafs::metrics::Retrieval found = lafs::metrics::leave_one_out(unit, identities_, threads);
    const auto n = static_cast<int64_t>(found.queries.size());
    lafs::Metrics metrics;
    metrics.values = {{.name = "rank1",
                       .value = found.rank1,
                       .standard_error = found.rank1_error,
                       .n = n,
                       .unit = lafs::Unit::share,
                       .better = lafs::Better::larger},
                      {.name = "map",
                       .value = found.mean_average_precision,
                       .standard_error = found.map_error,
                       .n = n,
                       .unit = lafs::Unit::share,
                       .better = lafs::Better::larger}};
    set_intervals(found, metrics);
    metrics.notes.push_back(fmt::format(
        "leave-one-out retrieval, each of {} pictures with another of its identity against the other {} pictures of the set, {}", n,
        unit.rows - 1, lafs::metrics::input_words(contract_, asked_.mirrors)));
    metrics.notes.push_back("equal similarities count against the model: pictures of others come before those of the identity");
    if (found.without_mates > 0)
      metrics.notes.push_back(
          fmt::format("{} pictures are the only one of their identity: they are not queries, but they are searched", found.without_mates));
    list_hardest(found, metrics);
    return metrics;
  }

 private:
  /// The pictures that are searched stay, the people who query are resampled.
  void set_intervals(const lafs::metrics::Retrieval& found, lafs::Metrics& metrics) const {
    std::vector<double> first, precision;
    std::vector<int64_t> people;
    for (const lafs::metrics::Retrieved& one : found.queries) {
      first.push_back(one.first_is_mate ? 1 : 0);
      precision.push_back(one.average_precision);
      people.push_back(identities_[static_cast<size_t>(one.query)]);
    }
    for (size_t v = 0; v < 2; ++v) {
      const auto interval = lafs::metrics::interval_of_mean(v == 0 ? first : precision, people, resampling_);
      metrics.values[v].low = interval.low;
      metrics.values[v].high = interval.high;
    }
  }

  void list_hardest(const lafs::metrics::Retrieval& found, lafs::Metrics& metrics) const {
    std::vector<lafs::metrics::Retrieved> worst = found.queries;
    std::stable_sort(worst.begin(), worst.end(), [](const auto& a, const auto& b) { return a.average_precision < b.average_precision; });
    worst.resize(std::min(worst.size(), static_cast<size_t>(hardest_)));
    lafs::RankedList list{"hardest queries", {}};
    for (const lafs::metrics::Retrieved& one : worst)
      list.items.push_back({.what = fmt::format("{}, {} to find", asked_.key(one.query), one.mates),
                            .score = one.average_precision,
                            .pictures = {asked_.key(one.query)}});
    metrics.lists.push_back(std::move(list));
  }

  lafs::InputContract contract_;
  lafs::metrics::AskedRows asked_;
  std::vector<int64_t> identities_;
  int64_t hardest_;
  lafs::metrics::Resampling resampling_;
};

}  // namespace

LAFS_PLUGIN(registrar) { registrar.add<LeaveOneOut>("retrieval", "leave-one-out retrieval: rank 1 and mean average precision"); }
