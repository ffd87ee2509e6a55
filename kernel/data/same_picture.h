#pragma once
#include "lafs/sample.h"

namespace lafs {

/// How well one picture fits onto the other or onto a part of it, in [-1, 1]: the largest correlation of their details (what remains of
/// the brightness without its slow changes) over parts of one that are up to 12 % smaller than it. Encoding, size, brightness, contrast and
/// slight crops of one photograph leave it above `same_photograph`; different photographs hardly reach it, of one face or of two. -1 for a
/// picture without details. [any thread]
double photograph_agreement(const Image& a, const Image& b);

/// Of the pairs of LFW with like prints, photographs that carry two names are at 0.92 and above, and those of different people at 0.72.
constexpr double same_photograph = 0.85;

}  // namespace lafs
