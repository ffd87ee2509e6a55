#include "metrics/search_rows.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "lafs/parallel.h"
#include "metrics/template_simd.h"

namespace lafs::metrics {
namespace {

constexpr int64_t probes_a_block = 48;

std::vector<float> narrow(const Rows& rows) { return {rows.values.begin(), rows.values.end()}; }

}  // namespace

double ProbeRow::exact(int64_t row) const {
  const double* const a = gallery->row(row).data();
  double dot = 0;
  dot_rows(&a, 1, probes->row(probe).data(), probes->width, &dot);
  return dot;
}

void for_probe_rows(const Rows& probes, const Rows& gallery, int64_t threads, const std::function<void(const ProbeRow&)>& look) {
  const std::vector<float> rows = narrow(probes);
  const PackedRows packed = packed_rows(narrow(gallery), gallery.width);
  const double error = similarity_error(gallery.width);
  for_blocks(0, probes.rows, probes_a_block, threads, [&](int64_t first, int64_t past) {
    std::vector<float> near(static_cast<size_t>((past - first) * packed.padded()));
    similarity_rows(rows.data() + first * probes.width, past - first, packed, near.data());
    for (int64_t p = first; p < past; ++p)
      look({&probes, &gallery, p,
            std::span(near).subspan(static_cast<size_t>((p - first) * packed.padded()), static_cast<size_t>(gallery.rows)), error});
  });
}

void Largest::look(const ProbeRow& row, int64_t mate) {
  float floor = -std::numeric_limits<float>::infinity();
  {
    const std::lock_guard lock(guard_);
    if (has_floor_) floor = floor_;
  }
  if (count_at_least(row.near.data(), std::ssize(row.near), floor) == 0) return;
  std::vector<Seen> seen;
  for (size_t j = 0; j < row.near.size(); ++j)
    if (row.near[j] >= floor && static_cast<int64_t>(j) != mate)
      seen.push_back({row.near[j], static_cast<uint32_t>(row.probe), static_cast<uint32_t>(j)});
  const std::lock_guard lock(guard_);
  kept_.insert(kept_.end(), seen.begin(), seen.end());
  if (std::ssize(kept_) > 4 * count_ + (int64_t{1} << 16)) shrink();
}

/// Below this, twice the error under the last of the largest seen so far, nothing can be among the largest.
float Largest::floor_of_kept() const {
  std::vector<float> values;
  for (const Seen& one : kept_) values.push_back(one.near);
  if (std::ssize(values) < count_) return -std::numeric_limits<float>::infinity();
  std::nth_element(values.begin(), values.begin() + count_ - 1, values.end(), std::greater<>());
  const double last = values[static_cast<size_t>(count_ - 1)];
  return std::nextafter(static_cast<float>(last - 2 * error_), -std::numeric_limits<float>::infinity());
}

void Largest::shrink() {
  floor_ = floor_of_kept();
  has_floor_ = true;
  std::erase_if(kept_, [&](const Seen& one) { return one.near < floor_; });
}

std::vector<double> Largest::exact(const Rows& probes, const Rows& gallery) const {
  const float floor = floor_of_kept();
  std::vector<double> values;
  for (const Seen& one : kept_)
    if (one.near >= floor) values.push_back(ProbeRow{&probes, &gallery, one.probe, {}, 0}.exact(one.row));
  std::sort(values.begin(), values.end(), std::greater<>());
  if (std::ssize(values) > count_) values.resize(static_cast<size_t>(count_));
  return values;
}

}  // namespace lafs::metrics
