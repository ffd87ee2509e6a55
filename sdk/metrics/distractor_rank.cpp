#include "metrics/distractor_rank.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>

#include "lafs/error.h"
#include "metrics/product_scan.h"
#include "metrics/products_simd.h"

namespace lafs::metrics {
namespace {

/// Distractors with one number more: -|d|^2 / 2. The product of a probe with one more number, 1, is then p.d - |d|^2 / 2, which is largest
/// where |p - d|^2 = |p|^2 - 2 (p.d - |d|^2 / 2) is smallest.
class WithHalfSquare final : public RowSource {
 public:
  explicit WithHalfSquare(const RowSource& rows) : rows_(rows) {}
  int64_t rows() const override { return rows_.rows(); }
  int64_t width() const override { return rows_.width() + 1; }
  void read(int64_t first, int64_t count, double* to) const override {
    const int64_t stored = rows_.width();
    std::vector<double> block(static_cast<size_t>(count * stored));
    rows_.read(first, count, block.data());
    for (int64_t r = 0; r < count; ++r) {
      const double* row = block.data() + r * stored;
      std::copy_n(row, stored, to + r * (stored + 1));
      to[r * (stored + 1) + stored] = -exact_product(row, row, stored) / 2;
    }
  }

 private:
  const RowSource& rows_;
};

Rows with_one(const Rows& rows) {
  Rows out{{}, rows.rows, rows.width + 1};
  for (int64_t r = 0; r < rows.rows; ++r) {
    out.values.insert(out.values.end(), rows.row(r).begin(), rows.row(r).end());
    out.values.push_back(1);
  }
  return out;
}

/// The closest distractor of each probe.
class ClosestSink final : public ProductSink {
 public:
  explicit ClosestSink(const Rows& probes)
      : row(static_cast<size_t>(probes.rows), -1),
        distance(row.size(), std::numeric_limits<double>::infinity()),
        probes_(probes),
        bounds_(row.size(), -distance.front()) {
    for (int64_t p = 0; p < probes.rows; ++p) squares_.push_back(exact_product(probes.row(p).data(), probes.row(p).data(), probes.width));
  }

  double bound(int64_t probe) const override { return bounds_[static_cast<size_t>(probe)]; }

  void offer(int64_t probe, int64_t candidate, double, double, const Chunk& chunk) override {
    const auto p = static_cast<size_t>(probe);
    const double* other = chunk.rows.data() + candidate * (probes_.width + 1);
    const double apart = exact_distance(probes_.row(probe).data(), other, probes_.width);
    if (!(apart < distance[p])) return;
    distance[p] = apart;
    row[p] = chunk.first + candidate;
    // In fp64 too: a little below, so that what ties is offered.
    bounds_[p] = (squares_[p] - apart) / 2 - 1e-12 * (squares_[p] + apart);
  }

  void end(int64_t, const Chunk&) override {}

  std::vector<int64_t> row;
  std::vector<double> distance;

 private:
  const Rows& probes_;
  std::vector<double> bounds_, squares_;
};

}  // namespace

DistractorRank distractor_rank(const Rows& probes, std::span<const int64_t> people, const RowSource& distractors, int64_t threads) {
  if (probes.rows != static_cast<int64_t>(people.size()))
    throw Error(fmt::format("there are {} people for {} probes", people.size(), probes.rows));
  if (probes.width != distractors.width())
    throw Error(fmt::format("probes of {} numbers cannot be compared with distractors of {}", probes.width, distractors.width()));
  if (distractors.rows() < 1) throw Error("there are no distractors");
  std::map<int64_t, std::vector<int64_t>> pictures;
  std::vector<int64_t> order;
  for (int64_t p = 0; p < probes.rows; ++p) {
    auto& own = pictures[people[static_cast<size_t>(p)]];
    if (own.size() == 1) order.push_back(people[static_cast<size_t>(p)]);
    own.push_back(p);
  }
  if (order.empty()) throw Error("no person has two probes");
  ClosestSink sink(probes);
  scan_products(with_one(probes), WithHalfSquare(distractors), threads, sink);
  DistractorRank out{0, 0, std::move(sink.row), std::move(sink.distance), {}};
  for (const int64_t person : order) {
    const auto& own = pictures.at(person);
    int64_t right = 0;
    for (const int64_t probe : own)
      for (const int64_t mate : own)
        right += probe != mate &&
                 exact_distance(probes.row(probe).data(), probes.row(mate).data(), probes.width) < out.distance[static_cast<size_t>(probe)];
    const auto pairs = static_cast<int64_t>(own.size() * (own.size() - 1));
    out.comparisons += pairs;
    out.right += right;
    out.per_person.push_back(static_cast<double>(right) / static_cast<double>(pairs));
  }
  return out;
}

}  // namespace lafs::metrics
