#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "lafs/assembly.h"
#include "lafs/error.h"
#include "lafs/evaluator.h"
#include "lafs/parallel.h"
#include "lafs/plugin.h"
#include "metrics/distractor_rank.h"
#include "metrics/verification.h"
#include "rows.h"
#include "stored.h"

namespace {

using lafs::megaface::Given;

/// Rank 1 of FaceScrub among distractors, and the feature files for MegaFace's own tool. Kemelmacher-Shlizerman et al. 2016.
class MegaFace final : public lafs::Evaluator {
 public:
  struct Options {
    lafs::megaface::SetOptions set;
    lafs::megaface::StoreOptions store;
    std::string flip = "sum";

    void declare(lafs::Params& p) {
      set.declare(p);
      store.declare(p);
      p("flip", flip, lafs::one_of({"contract", "sum", "none"}), lafs::metrics::about_flip);
    }
  };

  MegaFace(const Options& options, lafs::Assembly& assembly)
      : contract_(assembly.input()), store_(options.store), given_(lafs::megaface::open_set(options.set, assembly)) {
    lafs::megaface::check_effects(options.set, options.store);
    if (given_.stored() && options.flip != Options().flip) throw lafs::Error("flip has no effect with feature files; leave it out");
    const bool mirrors = lafs::metrics::adds_mirror(options.flip, contract_);
    given_.probes.rows.mirrors = given_.distractors.rows.mirrors = mirrors;
    lafs::megaface::check_store(store_, given_);
  }

  std::vector<lafs::FeatureRequest> requests() const override {
    if (given_.stored()) return {};
    return {given_.probes.rows.request(), given_.distractors.rows.request()};
  }

  lafs::Metrics score(const lafs::Features& features) const override {
    const lafs::megaface::SetRows rows(given_, features);
    if (!store_.write_to.empty()) lafs::megaface::write_set(store_, given_, rows);
    const auto found = lafs::metrics::distractor_rank(rows.probes(), given_.people, rows.distractors(), lafs::hardware_threads());
    const double share = static_cast<double>(found.right) / static_cast<double>(found.comparisons);
    lafs::Metrics metrics;
    metrics.values.push_back({.name = "rank1",
                              .value = share,
                              .standard_error = lafs::metrics::mean_error(found.per_person),
                              .n = found.comparisons,
                              .unit = lafs::Unit::share,
                              .better = lafs::Better::larger});
    metrics.values.push_back({.name = "rank1_per_person",
                              .value = lafs::metrics::mean(found.per_person),
                              .standard_error = lafs::metrics::mean_error(found.per_person),
                              .n = static_cast<int64_t>(found.per_person.size()),
                              .unit = lafs::Unit::share,
                              .better = lafs::Better::larger,
                              .headline = false});
    add_notes(found, metrics);
    return metrics;
  }

 private:
  void add_notes(const lafs::metrics::DistractorRank& found, lafs::Metrics& metrics) const {
    const std::string input = given_.stored() ? "features as stored" : lafs::metrics::input_words(contract_, given_.probes.rows.mirrors);
    metrics.notes.push_back(fmt::format(
        "MegaFace challenge 1, rank 1 of {} probes of {} people against {} distractors, {} comparisons of probe and mate, {}, {}",
        given_.probes.names.size(), found.per_person.size(), given_.distractors.names.size(), found.comparisons, given_.cleaning(), input));
    metrics.notes.push_back("a comparison is right if the mate is strictly closer than every distractor, by Euclidean distance");
    metrics.notes.push_back("standard errors are over people, whose comparisons depend on each other");
    if (!store_.write_to.empty()) metrics.notes.push_back(fmt::format("features are in \"{}\"", store_.write_to.value));
  }

  lafs::InputContract contract_;
  lafs::megaface::StoreOptions store_;
  Given given_;
};

}  // namespace

LAFS_PLUGIN(registrar) {
  registrar.add<MegaFace>("megaface", "rank 1 of FaceScrub among distractors, with cleaned lists, and feature files for MegaFace's tool");
}
