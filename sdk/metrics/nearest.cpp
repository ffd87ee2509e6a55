#include "metrics/nearest.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <limits>

#include "lafs/error.h"
#include "metrics/product_scan.h"
#include "metrics/products_simd.h"

namespace lafs::metrics {
namespace {

bool closer(const Neighbour& a, const Neighbour& b) {
  return a.similarity > b.similarity || (a.similarity == b.similarity && a.row < b.row);
}

/// A row of the chunk, and a similarity that the exact one is not below.
struct NearCandidate {
  int64_t row = 0;
  double at_least = 0, at_most = 0;
};

/// The best so far of one query: exact ones of earlier chunks, and candidates of this one.
struct NearSearch {
  std::vector<Neighbour> best;  ///< sorted
  std::vector<NearCandidate> candidates;
  double bound = -std::numeric_limits<double>::infinity();
};

class NearestSink final : public ProductSink {
 public:
  NearestSink(const Rows& queries, int64_t k) : queries_(queries), k_(static_cast<size_t>(k)), room_(std::max<size_t>(2 * k_, 64)) {
    searches.resize(static_cast<size_t>(queries.rows));
  }

  double bound(int64_t query) const override { return searches[static_cast<size_t>(query)].bound; }

  void offer(int64_t query, int64_t row, double product, double error, const Chunk& chunk) override {
    NearSearch& search = searches[static_cast<size_t>(query)];
    search.candidates.push_back({row, product - error, product + error});
    if (search.candidates.size() < room_) return;
    raise(search);
    // So many lie within the rounding of the last that only exact products tell them apart.
    if (2 * search.candidates.size() > room_) settle(query, search, chunk);
  }

  void end(int64_t query, const Chunk& chunk) override {
    NearSearch& search = searches[static_cast<size_t>(query)];
    raise(search);
    settle(query, search, chunk);
  }

  std::vector<NearSearch> searches;

 private:
  /// Moves the bound up to the k-th largest similarity that is certain, and forgets what is below.
  void raise(NearSearch& search) const {
    if (search.best.size() + search.candidates.size() < k_) return;
    std::vector<double> certain;
    for (const Neighbour& neighbour : search.best) certain.push_back(neighbour.similarity);
    for (const NearCandidate& candidate : search.candidates) certain.push_back(candidate.at_least);
    const auto last = certain.begin() + static_cast<std::ptrdiff_t>(k_ - 1);
    std::nth_element(certain.begin(), last, certain.end(), std::greater<>());
    search.bound = std::max(search.bound, *last);
    std::erase_if(search.candidates, [&](const NearCandidate& candidate) { return candidate.at_most < search.bound; });
  }

  /// Exact products for all candidates; the best k stay.
  void settle(int64_t query, NearSearch& search, const Chunk& chunk) const {
    const double* own = queries_.row(query).data();
    for (const NearCandidate& candidate : search.candidates) {
      const double* row = chunk.rows.data() + candidate.row * queries_.width;
      search.best.push_back({chunk.first + candidate.row, exact_product(own, row, queries_.width)});
    }
    search.candidates.clear();
    std::sort(search.best.begin(), search.best.end(), closer);
    if (search.best.size() < k_) return;
    search.best.resize(k_);
    search.bound = std::max(search.bound, search.best.back().similarity);
  }

  const Rows& queries_;
  size_t k_, room_;
};

}  // namespace

NearestRows nearest_rows(const Rows& queries, const RowSource& bank, int64_t k, int64_t threads) {
  if (k < 1) throw Error(fmt::format("{} neighbours were asked for", k));
  if (bank.rows() < 1) throw Error("the bank has no rows");
  NearestRows found{std::min(k, bank.rows()), {}};
  NearestSink sink(queries, found.k);
  scan_products(queries, bank, threads, sink);
  for (const NearSearch& search : sink.searches) found.neighbours.insert(found.neighbours.end(), search.best.begin(), search.best.end());
  return found;
}

}  // namespace lafs::metrics
