#include "metrics/identification.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "metrics/search_report.h"
#include "metrics/similarity_simd.h"
#include "support/error_of.h"
#include "template_rows.h"

using namespace lafs;
using namespace lafs::metrics;

namespace {

constexpr double nothing = -std::numeric_limits<double>::infinity();

/// Gallery rows with gaps in the subjects, and probes near some of them. `again`: rows that a subject has besides its first.
Search made(uint64_t seed, int64_t gallery, int64_t probes, int64_t width, int64_t again = 0) {
  Rng rng(seed);
  Search out;
  out.gallery = test::random_rows(rng, gallery + again, width);
  out.probes = test::random_rows(rng, probes, width);
  for (int64_t g = 0; g < gallery + again; ++g) out.gallery_subjects.push_back(g < gallery ? 5 * g - 9 : 5 * rng.integer(0, gallery) - 9);
  for (int64_t p = 0; p < probes; ++p) {
    const int64_t mate = rng.integer(0, gallery);
    out.probe_subjects.push_back(out.gallery_subjects[static_cast<size_t>(mate)]);
    for (int64_t k = 0; k < width; ++k)
      out.probes.values[static_cast<size_t>(p * width + k)] += out.gallery.values[static_cast<size_t>(mate * width + k)];
  }
  normalise_rows(out.gallery);
  normalise_rows(out.probes);
  out.galleries.resize(2);
  for (int64_t g = 0; g < gallery + again; ++g) out.galleries[static_cast<size_t>(rng.integer(0, 2))].push_back(g);
  return out;
}

/// Rank of a mate among rows, by the definition.
int64_t plain_rank(const std::vector<double>& similarity, size_t mate) {
  int64_t rank = 1;
  for (size_t i = 0; i < similarity.size(); ++i)
    if (similarity[i] > similarity[mate] || (similarity[i] == similarity[mate] && i < mate)) ++rank;
  return rank;
}

std::vector<double> similarities(const Search& search, int64_t probe, const std::vector<int64_t>& rows) {
  std::vector<double> out;
  for (const int64_t row : rows) out.push_back(test::plain_dot(search.probes, probe, search.gallery, row));
  return out;
}

void check_combined(const Search& search, const CombinedSearch& ours) {
  std::vector<int64_t> all;
  for (int64_t g = 0; g < search.gallery.rows; ++g) all.push_back(g);
  std::vector<double> mates, others;
  for (int64_t p = 0; p < search.probes.rows; ++p) {
    const std::vector<double> similarity = similarities(search, p, all);
    size_t mate = 0;
    while (search.gallery_subjects[mate] != search.probe_subjects[static_cast<size_t>(p)]) ++mate;
    CHECK(ours.rank_of_mate[static_cast<size_t>(p)] == plain_rank(similarity, mate));
    for (size_t g = 0; g < similarity.size(); ++g) (g == mate ? mates : others).push_back(similarity[g]);
  }
  std::sort(others.begin(), others.end(), std::greater<>());
  for (const SearchRate& rate : ours.rates) {
    const auto k = static_cast<size_t>(std::ceil(static_cast<double>(search.probes.rows) * rate.rate));
    CHECK(rate.k == static_cast<int64_t>(k));
    CHECK(std::abs(rate.threshold - others[k - 1]) < 1e-14);
    const auto above = std::count_if(mates.begin(), mates.end(), [&](double s) { return s > others[k - 1]; });
    CHECK(rate.tpir == static_cast<double>(above) / static_cast<double>(mates.size()));
  }
}

void check_separate(const Search& search, const std::vector<int64_t>& rows, const SeparateSearch& ours) {
  std::vector<double> without, mates, best_others;
  std::vector<int64_t> mated, ranks;
  for (int64_t p = 0; p < search.probes.rows; ++p) {
    const std::vector<double> similarity = similarities(search, p, rows);
    std::optional<size_t> mate;
    double best = nothing;
    for (size_t i = 0; i < rows.size(); ++i) {
      const bool own = search.gallery_subjects[static_cast<size_t>(rows[i])] == search.probe_subjects[static_cast<size_t>(p)];
      if (own && !mate) mate = i;
      if (!own) best = std::max(best, similarity[i]);
    }
    if (!mate) {
      without.push_back(best);
      continue;
    }
    mated.push_back(p);
    ranks.push_back(plain_rank(similarity, *mate));
    mates.push_back(similarity[*mate]);
    best_others.push_back(best);
  }
  CHECK(ours.mated == mated);
  CHECK(ours.rank_of_mate == ranks);
  CHECK(ours.non_mated == std::ssize(without));
  if (mated.empty() || without.empty()) {
    CHECK(ours.rates.empty());
    return;
  }
  std::sort(without.begin(), without.end(), std::greater<>());
  REQUIRE(ours.rates.size() == separate_rates().size());
  for (const SearchRate& rate : ours.rates) {
    const auto k = std::max<int64_t>(static_cast<int64_t>(static_cast<double>(without.size()) * rate.rate) - 1, 0);
    const double threshold = without[static_cast<size_t>(k)];
    CHECK((rate.threshold == threshold || std::abs(rate.threshold - threshold) < 1e-14));
    int64_t accepted = 0;
    for (size_t i = 0; i < mates.size(); ++i) accepted += mates[i] > best_others[i] && mates[i] > threshold ? 1 : 0;
    CHECK(rate.tpir == static_cast<double>(accepted) / static_cast<double>(mates.size()));
  }
}

const std::vector<double> both_rates{0.01, 0.1};

}  // namespace

TEST_CASE("identification: both protocols come out as by comparing every pair in f64") {
  for (const auto& [gallery, probes, width] : {std::tuple(40, 130, 6), {3, 50, 2}, {97, 60, 300}, {2, 7, 5}, {20, 15, 2048}}) {
    CAPTURE(gallery);
    const Search given = made(static_cast<uint64_t>(gallery), gallery, probes, width);
    const SearchResult ours = search(given, both_rates, 2);
    check_combined(given, ours.combined.value());
    for (size_t g = 0; g < 2; ++g) check_separate(given, given.galleries[g], ours.separate[g]);
  }
}

TEST_CASE("identification: the number of threads changes nothing") {
  const Search given = made(7, 60, 400, 17);
  const SearchResult one = search(given, both_rates, 1), three = search(given, both_rates, 3);
  CHECK(one.combined->rank_of_mate == three.combined->rank_of_mate);
  for (size_t i = 0; i < 2; ++i) CHECK(one.combined->rates[i].threshold == three.combined->rates[i].threshold);
  for (size_t g = 0; g < 2; ++g)
    for (size_t i = 0; i < one.separate[g].rates.size(); ++i) {
      CHECK(one.separate[g].rates[i].threshold == three.separate[g].rates[i].threshold);
      CHECK(one.separate[g].rates[i].tpir == three.separate[g].rates[i].tpir);
    }
}

TEST_CASE("identification: of several rows of a subject the first is the mate, and the others are no competitors") {
  for (uint64_t seed = 1; seed < 6; ++seed) {
    const Search given = made(seed, 12, 40, 4, 10);
    const SearchResult ours = search(given, {}, 2);
    CHECK_FALSE(ours.combined.has_value());
    for (size_t g = 0; g < 2; ++g) check_separate(given, given.galleries[g], ours.separate[g]);
  }
}

TEST_CASE("identification: equal similarities rank by position, and nearly equal ones by f64") {
  Search given;
  const double tiny = 1e-9;
  for (const double angle : {0.5, 0.5 - tiny, 0.5, 0.5 + tiny, 1.2}) {
    given.gallery.values.insert(given.gallery.values.end(), {std::cos(angle), std::sin(angle)});
    given.gallery_subjects.push_back(std::ssize(given.gallery_subjects));
  }
  given.gallery.rows = 5;
  given.gallery.width = given.probes.width = 2;
  given.probes.values = {1, 0, 1, 0, 1, 0, 1, 0};
  given.probes.rows = 4;
  given.probe_subjects = {0, 1, 2, 3};
  const SearchResult ours = search(given, std::vector<double>{0.25}, 1);
  CHECK(ours.combined->rank_of_mate == std::vector<int64_t>{2, 1, 3, 4});
}

TEST_CASE("identification: a gallery of one row, and galleries without mates or without others") {
  Search given = made(11, 4, 20, 3);
  given.galleries = {{2}, {0, 1, 2, 3}};
  const SearchResult ours = search(given, {}, 1);
  check_separate(given, given.galleries[0], ours.separate[0]);
  check_separate(given, given.galleries[1], ours.separate[1]);
  CHECK(ours.separate[1].non_mated == 0);
  Metrics metrics;
  add_search(given, ours, "", {0}, metrics);
  CHECK(metrics.values.size() >= 3);
  CHECK(metrics.values[0].name == "separate_rank1");
  CHECK(std::count(metrics.warnings.begin(), metrics.warnings.end(),
                   "separate: gallery 2 has no probe without a mate, so that false positive rates do not exist") == 1);
  CHECK(metrics.curves.empty());
}

TEST_CASE("identification: a search has its names and its warnings") {
  const Search given = made(3, 30, 80, 8);
  Metrics metrics;
  add_search(given, search(given, both_rates, 1), "", {200}, metrics);
  for (const Metric& metric : metrics.values) {
    const bool ranked = metric.name.find("_rank") != std::string::npos;
    CHECK(std::isfinite(metric.low) == ranked);
    if (!ranked) continue;
    CHECK(metric.low <= metric.value);
    CHECK(metric.value <= metric.high);
  }
  std::vector<std::string> names;
  for (const Metric& metric : metrics.values)
    if (metric.headline) names.push_back(metric.name);
  CHECK(names == std::vector<std::string>{"combined_rank1", "combined_rank5", "combined_rank10", "combined_tpir@fpir=0.01",
                                          "combined_tpir@fpir=0.1", "separate_rank1", "separate_rank5", "separate_rank10",
                                          "separate_tpir@fpir=0.0001", "separate_tpir@fpir=0.001", "separate_tpir@fpir=0.01",
                                          "separate_tpir@fpir=0.1", "separate_tpir@fpir=1"});
  CHECK(std::count(metrics.warnings.begin(), metrics.warnings.end(),
                   "combined: fpir 0.1 allows 8 false alarms, fewer than ten: its tpir rests on single pairs") == 1);
  REQUIRE(metrics.curves.size() == 1);
  CHECK(metrics.curves[0].x == separate_rates());
}

TEST_CASE("identification: lists become rows, galleries one in ascending order") {
  Rng rng(1);
  const std::vector<int64_t> ids{3, 5, 8, 20};
  const Rows unit = test::random_units(rng, 4, 3);
  const Search made = search_of(ids, unit, {{8}, {1}}, {{{5, 20}, {1, 2}}, {{3, 20}, {3, 9}}});
  CHECK(made.gallery_subjects == std::vector<int64_t>{3, 1, 2});
  CHECK(made.galleries == std::vector<std::vector<int64_t>>{{1, 2}, {0, 2}});
  CHECK(made.gallery.row(2)[1] == unit.row(3)[1]);
  CHECK(made.probes.row(0)[0] == unit.row(2)[0]);
  CHECK(test::error_of([&] { search_of(ids, unit, {{9}, {1}}, {}); }) == "template 9 has no picture");
}

TEST_CASE("identification: what cannot be searched is reported") {
  const auto refusal = [](Search given, const std::vector<double>& rates = both_rates) {
    return test::error_of([&] { search(given, rates, 1); });
  };
  Search given = made(5, 6, 10, 4);
  given.probe_subjects[3] = 77;
  CHECK(refusal(given) ==
        "probe 3 of subject 77 has 0 gallery templates of its subject over all galleries; the combined protocol needs exactly one");
  given.gallery_subjects[0] = given.gallery_subjects[1] = 77;
  CHECK(refusal(given).ends_with("has 2 gallery templates of its subject over all galleries; the combined protocol needs exactly one"));
  CHECK(refusal(made(5, 1, 3, 4), {0.5}) ==
        "a rate of 0.5 over 3 probes asks for the similarity of rank 2, and 0 pairs are of different people");
  given = made(5, 6, 10, 4);
  given.probe_subjects.pop_back();
  CHECK(refusal(given) == "10 probes have 9 subjects, and 6 gallery rows 6");
  given = made(5, 6, 10, 4);
  given.probes.width = 2;
  given.probes.rows = 20;
  given.probe_subjects.resize(20);
  CHECK(refusal(given) == "probes of 2 columns cannot be compared with a gallery of 4");
  CHECK(refusal(Search()) == "there is no probe");
}

TEST_CASE("identification: screened similarities are within their bound") {
  Rng rng(key_of("bound"));
  for (const int64_t width : {1, 5, 256, 700, 2048}) {
    const Rows a = test::random_units(rng, 13, width), b = test::random_units(rng, 37, width);
    const std::vector<float> narrow_a(a.values.begin(), a.values.end()), narrow_b(b.values.begin(), b.values.end());
    const PackedRows packed = packed_rows(narrow_b, width);
    std::vector<float> out(static_cast<size_t>(13 * packed.padded()));
    similarity_rows(narrow_a.data(), 13, packed, out.data());
    double worst = 0;
    for (int64_t i = 0; i < 13; ++i)
      for (int64_t j = 0; j < 37; ++j)
        worst =
            std::max(worst, std::abs(static_cast<double>(out[static_cast<size_t>(i * packed.padded() + j)]) - test::plain_dot(a, i, b, j)));
    CHECK(worst < similarity_error(width));
  }
  const std::vector<float> values{1, 5, -2, 5, 3, 0, 7, 7, 2, 1, 4};
  CHECK(largest_of(values.data(), std::ssize(values)) == 7);
  CHECK(largest_of(values.data(), 3) == 5);
  CHECK(count_at_least(values.data(), std::ssize(values), 5) == 4);
}

TEST_CASE("identification: the bound of screened similarities holds where each addition rounds the same way") {
  // Equal numbers whose square is nearly half a unit away from the floats around one half: errors add up instead of cancelling.
  constexpr int64_t width = 2048;
  double worst = 0;
  for (int64_t used = 1900; used <= width; ++used) {
    const auto value = static_cast<float>(1 / std::sqrt(static_cast<double>(used)));
    std::vector<float> row(width);
    std::fill_n(row.begin(), used, value);
    const PackedRows packed = packed_rows(row, width);
    std::vector<float> out(static_cast<size_t>(packed.padded()));
    similarity_rows(row.data(), 1, packed, out.data());
    worst = std::max(worst, std::abs(static_cast<double>(out[0]) - static_cast<double>(used) * value * value));
  }
  CHECK(worst > 1.01 * (256 + 8 + 8) * 0x1p-24);  // more than if parts of 256 columns were added apart
  CHECK(worst < similarity_error(width));
}
