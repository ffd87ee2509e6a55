#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "metrics/row_source.h"

namespace lafs::metrics {

/// Place of the best mate of each probe in the gallery (TinyFace's protocol): a probe is right at rank k if its place is below k, that is,
/// if any of its k most similar gallery rows has its identity.
struct GalleryRanks {
  std::vector<int64_t> place;  ///< of each probe, from 0, counted up to `deepest`; -1: no gallery row has its identity
  int64_t probes = 0;          ///< with a mate

  int64_t right_at(int64_t k) const;  ///< probes with a place in [0, k)
};

/// `probe_identities` and `gallery_identities` have one entry a row; a distractor has an identity that no probe has. Equal similarities:
/// the lower gallery row first. Similarities in fp64, whatever the number of threads; memory as in product_scan.h. Throws Error where no
/// probe has a mate.
GalleryRanks gallery_ranks(const Rows& probes, std::span<const int64_t> probe_identities, const RowSource& gallery,
                           std::span<const int64_t> gallery_identities, int64_t deepest, int64_t threads);

}  // namespace lafs::metrics
