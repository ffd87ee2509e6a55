#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "metrics/embeddings.h"

namespace lafs::metrics {

/// One against many (evaluation 5): probe templates are looked for among gallery templates by dot products of unit rows.
struct Search {
  Rows probes, gallery;                                   ///< unit rows; equal similarities rank by position in the gallery
  std::vector<int64_t> probe_subjects, gallery_subjects;  ///< of each row
  std::vector<std::vector<int64_t>> galleries;            ///< rows of each gallery that is also searched alone
};

/// A rate, the similarity a mate must exceed, and the share of probes whose mate does.
struct SearchRate {
  double rate = 0, threshold = 0, tpir = 0;
  int64_t k = 0;  ///< `combined`: the threshold is the k-th largest similarity of no mate; `separate`: of the probes without a mate
};

/// `combined`: every probe has exactly one mate. The false alarms of a rate are counted in pairs, relative to the number of probes.
struct CombinedSearch {
  std::vector<int64_t> rank_of_mate;  ///< of each probe, from 1
  std::vector<SearchRate> rates;
  double top(int64_t k) const;  ///< share of probes whose mate is among the k most similar
};

/// `separate`: a gallery alone, where probes may have no mate. The open-set form.
struct SeparateSearch {
  std::vector<int64_t> mated;         ///< probes whose subject is in this gallery
  std::vector<int64_t> rank_of_mate;  ///< of each of them, from 1
  int64_t non_mated = 0;
  std::vector<SearchRate> rates;  ///< at `separate_rates()`; empty where there is no mated or no non-mated probe
  int64_t count_top(int64_t k) const;
};

struct SearchResult {
  std::optional<CombinedSearch> combined;  ///< none without rates
  std::vector<SeparateSearch> separate;    ///< one a gallery
};

/// Templates of a list with the subject of each.
struct SubjectList {
  std::vector<int64_t> templates, subjects;
};

/// The search of lists among pooled templates: `ids` has the template of each unit row, ascending. Galleries of several lists become one in
/// ascending order of templates, each template once, with the subject of the first list that names it. Throws Error for a template without
/// a row.
Search search_of(const std::vector<int64_t>& ids, const Rows& unit, const SubjectList& probes, const std::vector<SubjectList>& galleries);

/// The 101 rates of the open-set form: 10^e for e from -4 on in steps of 0.04, formed as the published program forms them, and 1.
std::vector<double> separate_rates();
/// Those that are shown: 1e-4, 1e-3, 1e-2, 1e-1 and 1, as places in `separate_rates()`.
std::vector<size_t> shown_rates();

/// How many false alarms a rate of the combined protocol allows: K = ceil(probes * rate). Throws Error for a rate that allows none, and for
/// one that asks for more similarities than there are of different people.
int64_t false_alarms(double rate, int64_t probes, int64_t gallery);

/// Runs both protocols over one product of all rows; `combined` only where it has rates. Similarities are screened in f32 and decided in
/// f64: every count and threshold is that of f64. The result does not depend on `threads`. Throws Error for a probe with no gallery row of
/// its subject or with several, and for a rate that asks for more similarities than there are.
SearchResult search(const Search& search, std::span<const double> rates, int64_t threads);

}  // namespace lafs::metrics
