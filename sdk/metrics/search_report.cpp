#include "metrics/search_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace lafs::metrics {
namespace {

constexpr int64_t ranks_shown[] = {1, 5, 10};

class Report {
 public:
  Report(const Search& search, const std::string& variant, Metrics& metrics)
      : probes_(search.probes.rows), variant_(variant), metrics_(metrics) {}

  void combined(const CombinedSearch& found) const {
    for (const int64_t k : ranks_shown) share(fmt::format("combined_rank{}", k), found.top(k), probes_, true);
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
      int64_t hits = 0;
      for (const SeparateSearch& gallery : found) hits += gallery.count_top(k);
      share(fmt::format("separate_rank{}", k), static_cast<double>(hits) / static_cast<double>(probes_), probes_, true);
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
    add({.name = name, .value = value, .n = n, .unit = Unit::share, .headline = headline});
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
  const std::string& variant_;
  Metrics& metrics_;
};

}  // namespace

void add_search(const Search& search, const SearchResult& result, const std::string& variant, Metrics& metrics) {
  const Report report(search, variant, metrics);
  if (result.combined) report.combined(*result.combined);
  if (!result.separate.empty()) report.separate(result.separate);
}

}  // namespace lafs::metrics
