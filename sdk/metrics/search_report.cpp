#include "metrics/search_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

namespace lafs::metrics {
namespace {

constexpr int64_t ranks_shown[] = {1, 5, 10};

class Report {
 public:
  Report(const Search& search, const std::string& variant, const Resampling& resampling, Metrics& metrics)
      : probes_(search.probes.rows), subjects_(search.probe_subjects), variant_(variant), resampling_(resampling), metrics_(metrics) {}

  void combined(const CombinedSearch& found) const {
    for (const int64_t k : ranks_shown) {
      std::vector<double> hits;
      for (const int64_t rank : found.rank_of_mate) hits.push_back(rank <= k ? 1 : 0);
      rank(fmt::format("combined_rank{}", k), hits);
    }
    for (const SearchRate& rate : found.rates) share(fmt::format("combined_tpir@fpir={}", rate.rate), rate.tpir, probes_, true);
    for (const SearchRate& rate : found.rates) {
      add({.name = fmt::format("combined_threshold@fpir={}", rate.rate), .value = rate.threshold, .n = rate.k, .headline = false});
      if (rate.k < 10 && variant_.empty())
        metrics_.warnings.push_back(
            fmt::format("combined: fpir {} allows {} false alarms, fewer than ten: its tpir rests on single pairs", rate.rate, rate.k));
    }
  }

  void separate(const std::vector<SeparateSearch>& found) const {
    for (const int64_t k : ranks_shown) {
      std::vector<double> hits(static_cast<size_t>(probes_));
      for (const SeparateSearch& gallery : found)
        for (size_t m = 0; m < gallery.mated.size(); ++m)
          if (gallery.rank_of_mate[m] <= k) ++hits[static_cast<size_t>(gallery.mated[m])];
      rank(fmt::format("separate_rank{}", k), hits);
    }
    for (size_t g = 0; g < found.size(); ++g) gallery(g, found[g]);
    const bool all = std::none_of(found.begin(), found.end(), [](const SeparateSearch& gallery) { return gallery.rates.empty(); });
    if (all && !found.empty()) rates(found);
  }

 private:
  void add(Metric metric) const {
    metric.variant = variant_;
    metrics_.values.push_back(std::move(metric));
  }
  void share(const std::string& name, double value, int64_t n, bool headline) const {
    add({.name = name, .value = value, .n = n, .unit = Unit::share, .better = Better::larger, .headline = headline});
  }

  /// `hits`: in how many galleries each probe was found.
  void rank(const std::string& name, const std::vector<double>& hits) const {
    share(name, std::accumulate(hits.begin(), hits.end(), 0.0) / static_cast<double>(probes_), probes_, true);
    if (!variant_.empty()) return;
    const Interval interval = interval_of_mean(hits, subjects_, resampling_);
    metrics_.values.back().low = interval.low;
    metrics_.values.back().high = interval.high;
  }

  void gallery(size_t g, const SeparateSearch& found) const {
    const auto mated = std::ssize(found.mated);
    if (variant_.empty())
      metrics_.notes.push_back(
          fmt::format("separate: gallery {} has mates of {} probes, and {} are without", g + 1, mated, found.non_mated));
    if (found.rates.empty())
      metrics_.warnings.push_back(fmt::format("separate: gallery {} has no {}, so that false positive rates do not exist", g + 1,
                                              mated == 0 ? "mate of a probe" : "probe without a mate"));
    for (const size_t i : shown_rates())
      if (i < found.rates.size() && std::isfinite(found.rates[i].threshold))
        add({.name = fmt::format("separate_threshold@fpir={:.4g}/gallery{}", found.rates[i].rate, g + 1),
             .value = found.rates[i].threshold,
             .n = found.non_mated,
             .headline = false});
  }

  /// Plain means over the galleries.
  void rates(const std::vector<SeparateSearch>& found) const {
    Curve curve{"tpir", variant_, "fpir", "tpir", {}, {}};
    for (size_t i = 0; i < found[0].rates.size(); ++i) {
      double sum = 0;
      for (const SeparateSearch& gallery : found) sum += gallery.rates[i].tpir;
      curve.x.push_back(found[0].rates[i].rate);
      curve.y.push_back(sum / static_cast<double>(found.size()));
    }
    for (const size_t i : shown_rates()) share(fmt::format("separate_tpir@fpir={:.4g}", curve.x[i]), curve.y[i], probes_, true);
    metrics_.curves.push_back(std::move(curve));
  }

  int64_t probes_;
  const std::vector<int64_t>& subjects_;
  const std::string& variant_;
  const Resampling& resampling_;
  Metrics& metrics_;
};

}  // namespace

void add_search(const Search& search, const SearchResult& result, const std::string& variant, const Resampling& resampling,
                Metrics& metrics) {
  const Report report(search, variant, resampling, metrics);
  if (result.combined) report.combined(*result.combined);
  if (!result.separate.empty()) report.separate(result.separate);
}

}  // namespace lafs::metrics
