#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "metrics/verification.h"

namespace lafs::metrics {

/// Every pair of pictures; `identities` has one entry a picture. Throws Error above twenty million pairs.
std::vector<Pair> all_pairs(std::span<const int64_t> identities);

/// So many different pairs by chance, genuine ones first; a function of the arguments alone.
/// Genuine: each identity gives one pair before any gives a second, in a keyed order. Impostor: uniform over pairs of pictures.
/// Throws Error when the pictures have not so many.
std::vector<Pair> drawn_pairs(std::span<const int64_t> identities, int64_t genuine, int64_t impostors, uint64_t seed);

/// Both kinds in keyed orders of their own, merged evenly: every contiguous block holds them in the proportion of the whole, to one pair.
std::vector<Pair> interleaved(std::span<const Pair> pairs, uint64_t seed);

/// Whether each of the contiguous folds has a pair of both kinds.
bool folds_are_mixed(std::span<const Pair> pairs, int64_t folds);

}  // namespace lafs::metrics
