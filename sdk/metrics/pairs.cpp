#include "metrics/pairs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "lafs/error.h"
#include "lafs/rng.h"
#include "metrics/verification.h"

namespace lafs::metrics {
namespace {

constexpr int64_t most_pairs = 20'000'000;

int64_t pairs_of(int64_t items) { return items * (items - 1) / 2; }

/// The pair at a place of the list (0,1) (0,2) (1,2) (0,3) ...
std::pair<int64_t, int64_t> pair_at(int64_t place) {
  auto second = static_cast<int64_t>((1 + std::sqrt(1 + 8 * static_cast<double>(place))) / 2);
  // The square root may be one off for large places.
  while (pairs_of(second) > place) --second;
  while (pairs_of(second + 1) <= place) ++second;
  return {place - pairs_of(second), second};
}

std::vector<std::vector<int64_t>> pictures_of(std::span<const int64_t> identities) {
  std::map<int64_t, std::vector<int64_t>> by_identity;
  for (size_t i = 0; i < identities.size(); ++i) by_identity[identities[i]].push_back(static_cast<int64_t>(i));
  std::vector<std::vector<int64_t>> groups;
  for (auto& [identity, pictures] : by_identity)
    if (pictures.size() > 1) groups.push_back(std::move(pictures));
  return groups;
}

void add_genuine(const std::vector<std::vector<int64_t>>& groups, int64_t count, uint64_t key, std::vector<Pair>& out) {
  const Permutation order(static_cast<int64_t>(groups.size()), key);
  for (int64_t round = 0, added = 0; added < count; ++round) {
    for (int64_t g = 0; g < order.size() && added < count; ++g) {
      const int64_t group = order(g);
      const auto& pictures = groups[static_cast<size_t>(group)];
      const int64_t available = pairs_of(static_cast<int64_t>(pictures.size()));
      if (round >= available) continue;
      const auto [a, b] = pair_at(Permutation(available, fold(key, static_cast<uint64_t>(group) + 1))(round));
      out.push_back({pictures[static_cast<size_t>(a)], pictures[static_cast<size_t>(b)], true});
      ++added;
    }
  }
}

void add_impostors(std::span<const int64_t> identities, int64_t count, uint64_t key, std::vector<Pair>& out) {
  if (count == 0) return;
  const Permutation order(pairs_of(static_cast<int64_t>(identities.size())), key);
  for (int64_t place = 0, added = 0; added < count; ++place) {
    const auto [a, b] = pair_at(order(place));
    if (identities[static_cast<size_t>(a)] == identities[static_cast<size_t>(b)]) continue;
    out.push_back({a, b, false});
    ++added;
  }
}

}  // namespace

std::vector<Pair> consecutive_pairs(int64_t pictures, std::span<const uint8_t> same) {
  if (pictures != 2 * static_cast<int64_t>(same.size()))
    throw Error(fmt::format("{} pictures do not make {} pairs", pictures, same.size()));
  std::vector<Pair> pairs;
  for (size_t i = 0; i < same.size(); ++i) pairs.push_back({static_cast<int64_t>(2 * i), static_cast<int64_t>(2 * i + 1), same[i] != 0});
  return pairs;
}

std::vector<Pair> all_pairs(std::span<const int64_t> identities) {
  const auto pictures = static_cast<int64_t>(identities.size());
  const int64_t count = pairs_of(pictures);
  if (count > most_pairs) throw Error(fmt::format("{} pictures make {} pairs, above {}; draw pairs instead", pictures, count, most_pairs));
  std::vector<Pair> pairs;
  pairs.reserve(static_cast<size_t>(count));
  for (int64_t b = 1; b < pictures; ++b)
    for (int64_t a = 0; a < b; ++a) pairs.push_back({a, b, identities[static_cast<size_t>(a)] == identities[static_cast<size_t>(b)]});
  return pairs;
}

std::vector<Pair> drawn_pairs(std::span<const int64_t> identities, int64_t genuine, int64_t impostors, uint64_t seed) {
  const auto groups = pictures_of(identities);
  int64_t available = 0;
  for (const auto& pictures : groups) available += pairs_of(static_cast<int64_t>(pictures.size()));
  const int64_t different = pairs_of(static_cast<int64_t>(identities.size())) - available;
  if (genuine > 0 && groups.empty()) throw Error("no identity has two pictures, so there is no genuine pair");
  if (genuine > available) throw Error(fmt::format("{} genuine pairs were requested, and the pictures have {}", genuine, available));
  if (impostors > different) throw Error(fmt::format("{} impostor pairs were requested, and the pictures have {}", impostors, different));
  std::vector<Pair> pairs;
  add_genuine(groups, genuine, fold(key_of("genuine pairs"), seed), pairs);
  add_impostors(identities, impostors, fold(key_of("impostor pairs"), seed), pairs);
  return pairs;
}

std::vector<Pair> interleaved(std::span<const Pair> pairs, uint64_t seed) {
  std::vector<Pair> kinds[2];
  for (const Pair& pair : pairs) kinds[pair.same ? 1 : 0].push_back(pair);
  const auto all = static_cast<int64_t>(pairs.size()), genuine = static_cast<int64_t>(kinds[1].size());
  const auto order = [&](bool same) {
    const auto& kind = kinds[same ? 1 : 0];
    return Permutation(std::max<int64_t>(1, static_cast<int64_t>(kind.size())),
                       fold(key_of(same ? "genuine order" : "impostor order"), seed));
  };
  const Permutation orders[2] = {order(false), order(true)};
  int64_t used[2] = {0, 0};
  std::vector<Pair> merged;
  merged.reserve(pairs.size());
  for (int64_t p = 0; p < all; ++p) {
    const int kind = (p + 1) * genuine / all > p * genuine / all ? 1 : 0;
    merged.push_back(kinds[kind][static_cast<size_t>(orders[kind](used[kind]++))]);
  }
  return merged;
}

bool folds_are_mixed(std::span<const Pair> pairs, int64_t folds) {
  for (const Fold& fold : make_folds(static_cast<int64_t>(pairs.size()), folds)) {
    const auto block = pairs.subspan(static_cast<size_t>(fold.begin), static_cast<size_t>(fold.end - fold.begin));
    const auto same = std::count_if(block.begin(), block.end(), [](const Pair& pair) { return pair.same; });
    if (same == 0 || static_cast<size_t>(same) == block.size()) return false;
  }
  return true;
}

}  // namespace lafs::metrics
