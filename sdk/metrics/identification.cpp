#include "metrics/identification.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <unordered_map>

#include "lafs/error.h"
#include "metrics/search_rows.h"

namespace lafs::metrics {
namespace {

constexpr double no_similarity = -std::numeric_limits<double>::infinity();

/// Values of a rank, from the similarities of some gallery rows: `near[i]` is that of row `rows[i]`.
struct Candidates {
  const ProbeRow& probe;
  std::span<const float> near;
  std::span<const int64_t> rows;  ///< empty: near[i] is that of row i

  int64_t row(size_t i) const { return rows.empty() ? static_cast<int64_t>(i) : rows[i]; }

  /// Rank of the candidate `mate`, whose exact similarity is given: those above it, and equal ones before it.
  int64_t rank(size_t mate, double similarity) const {
    constexpr float far = std::numeric_limits<float>::infinity();
    const auto n = std::ssize(near);
    const float low = std::nextafter(static_cast<float>(similarity - probe.error), -far);
    const float high = std::nextafter(static_cast<float>(similarity + probe.error), far);
    int64_t above = count_at_least(near.data(), n, high);
    // The mate itself lies in between; whatever else does is decided exactly.
    if (count_at_least(near.data(), n, low) - above <= 1) return above + 1;
    for (size_t i = 0; i < near.size(); ++i) {
      if (i == mate || near[i] < low || near[i] >= high) continue;
      const double value = probe.exact(row(i));
      if (value > similarity || (value == similarity && i < mate)) ++above;
    }
    return above + 1;
  }

  /// The largest exact similarity; candidates that do not count are minus infinity in `near`.
  double best() const {
    const float largest = largest_of(near.data(), std::ssize(near));
    if (!std::isfinite(largest)) return no_similarity;
    const auto floor = static_cast<float>(largest - 2.1 * probe.error);
    double best = no_similarity;
    for (size_t i = 0; i < near.size(); ++i)
      if (near[i] >= floor) best = std::max(best, probe.exact(row(i)));
    return best;
  }
};

/// Rows of each subject in a gallery, as places in `rows`.
using Places = std::unordered_map<int64_t, std::vector<size_t>>;

Places places_of(std::span<const int64_t> subjects) {
  Places places;
  for (size_t i = 0; i < subjects.size(); ++i) places[subjects[i]].push_back(i);
  return places;
}

/// The mate of each probe among all galleries together.
std::vector<size_t> only_mates(const Search& search) {
  const Places places = places_of(search.gallery_subjects);
  std::vector<size_t> mates;
  for (size_t p = 0; p < search.probe_subjects.size(); ++p) {
    const auto found = places.find(search.probe_subjects[p]);
    const size_t count = found == places.end() ? 0 : found->second.size();
    if (count != 1)
      throw Error(
          fmt::format("probe {} of subject {} has {} gallery templates of its subject over all galleries; the combined protocol needs "
                      "exactly one",
                      p, search.probe_subjects[p], count));
    mates.push_back(found->second[0]);
  }
  return mates;
}

class Combined {
 public:
  Combined(const Search& search, std::span<const double> rates) : search_(search), mates_(only_mates(search)) {
    similarity_.resize(mates_.size());
    out_.rank_of_mate.resize(mates_.size());
    int64_t most = 1;
    for (const double rate : rates) {
      const int64_t k = false_alarms(rate, search.probes.rows, search.gallery.rows);
      out_.rates.push_back({rate, 0, 0, k});
      most = std::max(most, k);
    }
    largest_ = std::make_unique<Largest>(most, similarity_error(search.gallery.width));
  }

  void look(const ProbeRow& probe) {
    const auto p = static_cast<size_t>(probe.probe);
    similarity_[p] = probe.exact(static_cast<int64_t>(mates_[p]));
    out_.rank_of_mate[p] = Candidates{probe, probe.near, {}}.rank(mates_[p], similarity_[p]);
    largest_->look(probe, static_cast<int64_t>(mates_[p]));
  }

  CombinedSearch finish() {
    const std::vector<double> largest = largest_->exact(search_.probes, search_.gallery);
    for (SearchRate& rate : out_.rates) {
      rate.threshold = largest[static_cast<size_t>(rate.k - 1)];
      const auto above = std::count_if(similarity_.begin(), similarity_.end(), [&](double s) { return s > rate.threshold; });
      rate.tpir = static_cast<double>(above) / static_cast<double>(similarity_.size());
    }
    return std::move(out_);
  }

 private:
  const Search& search_;
  std::vector<size_t> mates_;
  std::vector<double> similarity_;
  std::unique_ptr<Largest> largest_;
  CombinedSearch out_;
};

class Separate {
 public:
  Separate(const Search& search, const std::vector<int64_t>& rows) : probe_subjects_(search.probe_subjects), rows_(rows) {
    std::vector<int64_t> subjects;
    for (const int64_t row : rows) subjects.push_back(search.gallery_subjects[static_cast<size_t>(row)]);
    places_ = places_of(subjects);
    looked_.resize(probe_subjects_.size());
  }

  void look(const ProbeRow& probe) {
    std::vector<float> near(rows_.size());
    for (size_t i = 0; i < rows_.size(); ++i) near[i] = probe.near[static_cast<size_t>(rows_[i])];
    Looked& out = looked_[static_cast<size_t>(probe.probe)];
    const Candidates candidates{probe, near, rows_};
    const auto own = places_.find(probe_subjects_[static_cast<size_t>(probe.probe)]);
    if (own != places_.end()) {
      out.mate = probe.exact(rows_[own->second[0]]);
      out.rank = candidates.rank(own->second[0], out.mate);
      for (const size_t place : own->second) near[place] = -std::numeric_limits<float>::infinity();
    }
    out.best_other = candidates.best();
  }

  SeparateSearch finish() const {
    SeparateSearch out;
    std::vector<double> best;  // of each probe without a mate
    for (size_t p = 0; p < looked_.size(); ++p) {
      if (looked_[p].rank == 0) {
        best.push_back(looked_[p].best_other);
      } else {
        out.mated.push_back(static_cast<int64_t>(p));
        out.rank_of_mate.push_back(looked_[p].rank);
      }
    }
    out.non_mated = std::ssize(best);
    if (out.mated.empty() || best.empty()) return out;
    std::sort(best.begin(), best.end(), std::greater<>());
    for (const double rate : separate_rates()) {
      const auto k = std::max<int64_t>(static_cast<int64_t>(static_cast<double>(best.size()) * rate), 1);
      const double threshold = best[static_cast<size_t>(k - 1)];
      out.rates.push_back({rate, threshold, static_cast<double>(accepted(threshold)) / static_cast<double>(out.mated.size()), k});
    }
    return out;
  }

 private:
  struct Looked {
    double mate = 0, best_other = 0;
    int64_t rank = 0;  ///< 0: no mate here
  };

  int64_t accepted(double threshold) const {
    return std::count_if(looked_.begin(), looked_.end(),
                         [&](const Looked& one) { return one.rank > 0 && one.mate > one.best_other && one.mate > threshold; });
  }

  const std::vector<int64_t>& probe_subjects_;
  const std::vector<int64_t>& rows_;
  Places places_;
  std::vector<Looked> looked_;
};

Rows rows_of(const std::vector<int64_t>& ids, const Rows& unit, const std::vector<int64_t>& templates) {
  Rows out{{}, std::ssize(templates), unit.width};
  out.values.reserve(static_cast<size_t>(out.rows * out.width));
  for (const int64_t id : templates) {
    const auto found = std::lower_bound(ids.begin(), ids.end(), id);
    if (found == ids.end() || *found != id) throw Error(fmt::format("template {} has no picture", id));
    const auto row = unit.row(found - ids.begin());
    out.values.insert(out.values.end(), row.begin(), row.end());
  }
  return out;
}

void check_sizes(const Search& search) {
  if (search.probes.rows != std::ssize(search.probe_subjects) || search.gallery.rows != std::ssize(search.gallery_subjects))
    throw Error(fmt::format("{} probes have {} subjects, and {} gallery rows {}", search.probes.rows, search.probe_subjects.size(),
                            search.gallery.rows, search.gallery_subjects.size()));
  if (search.probes.rows == 0) throw Error("there is no probe");
  if (search.gallery.rows == 0) throw Error("the gallery has no template");
  if (search.probes.width != search.gallery.width)
    throw Error(fmt::format("probes of {} columns cannot be compared with a gallery of {}", search.probes.width, search.gallery.width));
}

}  // namespace

double CombinedSearch::top(int64_t k) const {
  const auto within = std::count_if(rank_of_mate.begin(), rank_of_mate.end(), [&](int64_t rank) { return rank <= k; });
  return static_cast<double>(within) / static_cast<double>(rank_of_mate.size());
}

int64_t SeparateSearch::count_top(int64_t k) const {
  return std::count_if(rank_of_mate.begin(), rank_of_mate.end(), [&](int64_t rank) { return rank <= k; });
}

Search search_of(const std::vector<int64_t>& ids, const Rows& unit, const SubjectList& probes, const std::vector<SubjectList>& galleries) {
  Search out{rows_of(ids, unit, probes.templates), {}, probes.subjects, {}, {}};
  std::map<int64_t, int64_t> subjects;  // of gallery templates, ascending
  for (const SubjectList& list : galleries)
    for (size_t i = 0; i < list.templates.size(); ++i) subjects.emplace(list.templates[i], list.subjects[i]);
  std::vector<int64_t> all;
  for (const auto& [id, subject] : subjects) {
    all.push_back(id);
    out.gallery_subjects.push_back(subject);
  }
  out.gallery = rows_of(ids, unit, all);
  for (const SubjectList& list : galleries) {
    std::vector<int64_t>& rows = out.galleries.emplace_back();
    for (const int64_t id : list.templates) rows.push_back(std::lower_bound(all.begin(), all.end(), id) - all.begin());
  }
  return out;
}

std::vector<double> separate_rates() {
  std::vector<double> rates;
  const double step = (-4 + 0.04) - -4;
  for (int i = 0; i < 100; ++i) rates.push_back(std::pow(10.0, -4 + i * step));
  rates.push_back(1);
  return rates;
}

std::vector<size_t> shown_rates() { return {0, 25, 50, 75, 100}; }

int64_t false_alarms(double rate, int64_t probes, int64_t gallery) {
  const int64_t others = probes * (gallery - 1);
  const auto k = static_cast<int64_t>(std::ceil(static_cast<double>(probes) * rate));
  if (k < 1 || k > others)
    throw Error(fmt::format("a rate of {} over {} probes asks for the similarity of rank {}, and {} pairs are of different people", rate,
                            probes, k, others));
  return k;
}

SearchResult search(const Search& search, std::span<const double> rates, int64_t threads) {
  check_sizes(search);
  std::unique_ptr<Combined> combined;
  if (!rates.empty()) combined = std::make_unique<Combined>(search, rates);
  std::vector<Separate> separate;
  for (const std::vector<int64_t>& rows : search.galleries) separate.emplace_back(search, rows);
  for_probe_rows(search.probes, search.gallery, threads, [&](const ProbeRow& probe) {
    if (combined) combined->look(probe);
    for (Separate& one : separate) one.look(probe);
  });
  SearchResult out;
  if (combined) out.combined = combined->finish();
  for (const Separate& one : separate) out.separate.push_back(one.finish());
  return out;
}

}  // namespace lafs::metrics
