#include <fmt/format.h>
#include <fmt/ranges.h>

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
#include "metrics/gallery_rank.h"
#include "parts.h"

namespace {

/// Rank-k identification among distractors. Cheng et al. 2018.
class TinyFace final : public lafs::Evaluator {
 public:
  struct Options {
    lafs::tinyface::PartOptions parts;
    std::vector<int64_t> ranks{1, 5, 20};
    std::string flip = "sum";
    int64_t bootstrap = 1000;

    void declare(lafs::Params& p) {
      parts.declare(p);
      p("ranks", ranks, lafs::at_least(1), "k: a probe is right if one of its k most similar gallery pictures has its identity");
      p("flip", flip, lafs::one_of({"contract", "sum", "none"}), lafs::metrics::about_flip);
      p.affects_unless(1000, "bootstrap", bootstrap, lafs::in(0, 100000), lafs::metrics::about_bootstrap);
    }
  };

  TinyFace(const Options& options, lafs::Assembly& assembly)
      : ranks_(options.ranks), resampling_{options.bootstrap}, contract_(assembly.input()) {
    if (ranks_.empty()) throw lafs::Error("ranks names no rank");
    if (auto sorted = ranks_; std::sort(sorted.begin(), sorted.end()), std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end())
      throw lafs::Error(fmt::format("ranks = [{}] names a rank twice", fmt::join(ranks_, ", ")));
    parts_ = lafs::tinyface::choose_parts(options.parts, assembly);
    const bool mirrors = lafs::metrics::adds_mirror(options.flip, contract_);
    parts_.probes.rows.mirrors = parts_.matches.rows.mirrors = parts_.distractors.rows.mirrors = mirrors;
    gallery_ = parts_.matches.identities;
    gallery_.insert(gallery_.end(), parts_.distractors.identities.begin(), parts_.distractors.identities.end());
  }

  std::vector<lafs::FeatureRequest> requests() const override {
    std::vector<lafs::FeatureRequest> all{parts_.probes.rows.request(), parts_.matches.rows.request()};
    if (parts_.distractors.rows.source) all.push_back(parts_.distractors.rows.request());
    return all;
  }

  lafs::Metrics score(const lafs::Features& features) const override {
    const int64_t threads = lafs::hardware_threads(), deepest = *std::max_element(ranks_.begin(), ranks_.end());
    const lafs::metrics::Rows probes = lafs::metrics::all_rows(parts_.probes.rows.rows(features), threads);
    const lafs::metrics::UnitRows matches = parts_.matches.rows.rows(features);
    lafs::metrics::GalleryRanks ranks;
    if (parts_.distractors.rows.source) {
      const lafs::metrics::UnitRows distractors = parts_.distractors.rows.rows(features);
      ranks = lafs::metrics::gallery_ranks(probes, parts_.probes.identities, lafs::metrics::JoinedRows(matches, distractors), gallery_,
                                           deepest, threads);
    } else {
      ranks = lafs::metrics::gallery_ranks(probes, parts_.probes.identities, matches, gallery_, deepest, threads);
    }
    lafs::Metrics metrics;
    for (const int64_t k : ranks_) {
      const double share = static_cast<double>(ranks.right_at(k)) / static_cast<double>(ranks.probes);
      const lafs::metrics::Interval interval = interval_at(ranks, k);
      metrics.values.push_back({.name = fmt::format("rank{}", k),
                                .value = share,
                                .standard_error = lafs::metrics::share_error(share, ranks.probes),
                                .n = ranks.probes,
                                .unit = lafs::Unit::share,
                                .better = lafs::Better::larger,
                                .low = interval.low,
                                .high = interval.high});
    }
    add_notes(ranks, metrics);
    return metrics;
  }

 private:
  /// The gallery stays, the people of the probes are resampled.
  lafs::metrics::Interval interval_at(const lafs::metrics::GalleryRanks& ranks, int64_t k) const {
    std::vector<double> right;
    std::vector<int64_t> people;
    for (size_t probe = 0; probe < ranks.place.size(); ++probe) {
      if (ranks.place[probe] < 0) continue;
      right.push_back(ranks.place[probe] < k ? 1 : 0);
      people.push_back(parts_.probes.identities[probe]);
    }
    return lafs::metrics::interval_of_mean(right, people, resampling_);
  }

  void add_notes(const lafs::metrics::GalleryRanks& ranks, lafs::Metrics& metrics) const {
    const auto matches = static_cast<int64_t>(parts_.matches.identities.size());
    metrics.notes.push_back(fmt::format("TinyFace identification, {} probes against {} matching gallery pictures and {} distractors, {}",
                                        ranks.probes, matches, static_cast<int64_t>(gallery_.size()) - matches,
                                        lafs::metrics::input_words(contract_, parts_.probes.rows.mirrors)));
    const int64_t without = static_cast<int64_t>(ranks.place.size()) - ranks.probes;
    if (without > 0)
      metrics.notes.push_back(fmt::format("{} probes have no picture of their identity in the gallery: they do not count", without));
    metrics.notes.push_back("equal similarities: the earlier gallery picture first; matching pictures stand before distractors");
  }

  std::vector<int64_t> ranks_, gallery_;
  lafs::metrics::Resampling resampling_;
  lafs::InputContract contract_;
  lafs::tinyface::Parts parts_;
};

}  // namespace

LAFS_PLUGIN(registrar) { registrar.add<TinyFace>("tinyface", "rank-k identification of probes among distractors: TinyFace's protocol"); }
