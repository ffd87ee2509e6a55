#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace lafs::metrics {

/// Two rows that are compared, and whether they are of one person.
struct Pair {
  int64_t first = 0, second = 0;
  bool same = false;
  bool operator==(const Pair&) const = default;
};

/// Pictures 2i and 2i+1 form pair i. Throws Error unless there are twice as many pictures as labels.
std::vector<Pair> consecutive_pairs(int64_t pictures, std::span<const uint8_t> same);

/// Every pair of pictures; `identities` has one entry a picture. Throws Error above twenty million pairs.
std::vector<Pair> all_pairs(std::span<const int64_t> identities);

/// `genuine` and `impostors` different pairs drawn by chance, genuine ones first; a function of the arguments alone.
/// Genuine: each identity gives one pair before any gives a second, in a keyed order. Impostor: uniform over pairs of pictures.
/// Throws Error when the pictures do not have that many.
std::vector<Pair> drawn_pairs(std::span<const int64_t> identities, int64_t genuine, int64_t impostors, uint64_t seed);

/// Both kinds in keyed orders of their own, merged evenly: every contiguous block holds them in the proportion of the whole, to one pair.
std::vector<Pair> interleaved(std::span<const Pair> pairs, uint64_t seed);

/// Whether each of the contiguous folds has a pair of both kinds.
bool folds_are_mixed(std::span<const Pair> pairs, int64_t folds);

}  // namespace lafs::metrics
