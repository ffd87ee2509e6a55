#include "metrics/knn.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "lafs/error.h"

namespace lafs::metrics {
namespace {

void check_labels(std::span<const int64_t> labels, int64_t classes, std::string_view of) {
  for (size_t i = 0; i < labels.size(); ++i)
    if (labels[i] < 0 || labels[i] >= classes)
      throw Error(fmt::format("{} {} has the class {}, outside [0, {})", of, i, labels[i], classes));
}

/// What is taken off the similarities of a query, so that no vote overflows and not all of them vanish: mostly nothing. One number for all
/// of its votes leaves their order.
double taken_off(std::span<const Neighbour> neighbours, double temperature) {
  constexpr double most = 700;  // exp(709.8) is the largest finite one
  double largest = -std::numeric_limits<double>::infinity();
  for (const Neighbour& neighbour : neighbours) largest = std::max(largest, neighbour.similarity);
  return std::abs(largest / temperature) > most ? largest : 0;
}

void add_votes(std::span<const Neighbour> neighbours, std::span<const int64_t> labels, double temperature, std::vector<double>& votes) {
  const double off = taken_off(neighbours, temperature);
  for (const Neighbour& neighbour : neighbours)
    votes[static_cast<size_t>(labels[static_cast<size_t>(neighbour.row)])] += std::exp((neighbour.similarity - off) / temperature);
}

}  // namespace

Vote weighted_vote(std::span<const Neighbour> neighbours, std::span<const int64_t> labels, int64_t classes, double temperature) {
  Vote vote{std::vector<double>(static_cast<size_t>(classes)), std::vector<int64_t>(static_cast<size_t>(classes))};
  add_votes(neighbours, labels, temperature, vote.votes);
  std::iota(vote.ranking.begin(), vote.ranking.end(), 0);
  std::stable_sort(vote.ranking.begin(), vote.ranking.end(),
                   [&](int64_t a, int64_t b) { return vote.votes[static_cast<size_t>(a)] > vote.votes[static_cast<size_t>(b)]; });
  return vote;
}

std::vector<int64_t> places_of_truth(const NearestRows& found, int64_t k, std::span<const int64_t> bank_labels,
                                     std::span<const int64_t> query_labels, int64_t classes, double temperature) {
  check_labels(bank_labels, classes, "row");
  check_labels(query_labels, classes, "query");
  std::vector<int64_t> places;
  std::vector<double> votes(static_cast<size_t>(classes));
  for (size_t q = 0; q < query_labels.size(); ++q) {
    const auto neighbours = found.of(static_cast<int64_t>(q)).first(static_cast<size_t>(std::min(k, found.k)));
    add_votes(neighbours, bank_labels, temperature, votes);
    const auto truth = static_cast<size_t>(query_labels[q]);
    // Classes without a vote share the end, in their order: only the place of a truth without one depends on them.
    int64_t place = 0;
    for (size_t c = 0; c < votes.size(); ++c) place += votes[c] > votes[truth] || (votes[c] == votes[truth] && c < truth);
    places.push_back(place);
    for (const Neighbour& neighbour : neighbours) votes[static_cast<size_t>(bank_labels[static_cast<size_t>(neighbour.row)])] = 0;
  }
  return places;
}

}  // namespace lafs::metrics
