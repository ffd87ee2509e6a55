#include "metrics/gallery_rank.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "lafs/error.h"
#include "lafs/parallel.h"
#include "metrics/product_scan.h"
#include "metrics/products_simd.h"

namespace lafs::metrics {
namespace {

constexpr double never_reached = std::numeric_limits<double>::infinity();

/// The most similar mate of a probe, and how many rows come before it.
struct BestMate {
  int64_t row = -1;
  double similarity = -never_reached;
  int64_t before = 0;
};

class RankSink final : public ProductSink {
 public:
  RankSink(const Rows& probes, const RowSource& gallery, int64_t deepest)
      : best(static_cast<size_t>(probes.rows)), probes_(probes), gallery_(gallery), deepest_(deepest) {}

  void find_mates(std::span<const int64_t> probe_identities, std::span<const int64_t> gallery_identities, int64_t threads) {
    std::unordered_map<int64_t, std::vector<int64_t>> probes_of;
    for (size_t p = 0; p < probe_identities.size(); ++p) probes_of[probe_identities[p]].push_back(static_cast<int64_t>(p));
    std::unordered_map<int64_t, std::vector<int64_t>> rows_of;
    for (size_t g = 0; g < gallery_identities.size(); ++g)
      if (probes_of.contains(gallery_identities[g])) rows_of[gallery_identities[g]].push_back(static_cast<int64_t>(g));
    std::vector<int64_t> present;
    for (const auto& [identity, rows] : rows_of) present.push_back(identity);
    for_blocks(0, static_cast<int64_t>(present.size()), 1, threads, [&](int64_t first, int64_t) {
      const int64_t identity = present[static_cast<size_t>(first)];
      compare(probes_of.at(identity), rows_of.at(identity));
    });
  }

  double bound(int64_t probe) const override {
    const BestMate& mate = best[static_cast<size_t>(probe)];
    return mate.row < 0 || mate.before >= deepest_ ? never_reached : mate.similarity;
  }

  void offer(int64_t probe, int64_t row, double product, double error, const Chunk& chunk) override {
    BestMate& mate = best[static_cast<size_t>(probe)];
    const int64_t in_gallery = chunk.first + row;
    if (in_gallery == mate.row) return;
    double similarity = product - error;
    if (similarity <= mate.similarity)
      similarity = exact_product(probes_.row(probe).data(), chunk.rows.data() + row * probes_.width, probes_.width);
    mate.before += similarity > mate.similarity || (similarity == mate.similarity && in_gallery < mate.row);
  }

  void end(int64_t, const Chunk&) override {}

  std::vector<BestMate> best;

 private:
  void compare(const std::vector<int64_t>& probes, const std::vector<int64_t>& rows) {
    std::vector<double> row(static_cast<size_t>(probes_.width));
    for (const int64_t at : rows) {
      gallery_.read(at, 1, row.data());
      for (const int64_t probe : probes) {
        BestMate& mate = best[static_cast<size_t>(probe)];
        const double similarity = exact_product(probes_.row(probe).data(), row.data(), probes_.width);
        if (similarity > mate.similarity) mate = {at, similarity, 0};
      }
    }
  }

  const Rows& probes_;
  const RowSource& gallery_;
  int64_t deepest_;
};

}  // namespace

int64_t GalleryRanks::right_at(int64_t k) const {
  return std::count_if(place.begin(), place.end(), [&](int64_t at) { return at >= 0 && at < k; });
}

GalleryRanks gallery_ranks(const Rows& probes, std::span<const int64_t> probe_identities, const RowSource& gallery,
                           std::span<const int64_t> gallery_identities, int64_t deepest, int64_t threads) {
  if (probes.rows != static_cast<int64_t>(probe_identities.size()) || gallery.rows() != static_cast<int64_t>(gallery_identities.size()))
    throw Error(fmt::format("there are {} and {} identities for {} probes and {} gallery rows", probe_identities.size(),
                            gallery_identities.size(), probes.rows, gallery.rows()));
  if (probes.width != gallery.width())
    throw Error(fmt::format("probes of {} numbers cannot be compared with a gallery of {}", probes.width, gallery.width()));
  RankSink sink(probes, gallery, deepest);
  sink.find_mates(probe_identities, gallery_identities, threads);
  GalleryRanks out;
  for (const BestMate& mate : sink.best) out.probes += mate.row >= 0;
  if (out.probes == 0) throw Error("no probe has a picture of its identity in the gallery");
  scan_products(probes, gallery, threads, sink);
  for (const BestMate& mate : sink.best) out.place.push_back(mate.row < 0 ? -1 : std::min(mate.before, deepest));
  return out;
}

}  // namespace lafs::metrics
