#pragma once
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <vector>

#include "metrics/embeddings.h"
#include "metrics/similarity_simd.h"

namespace lafs::metrics {

/// One probe beside every gallery row: similarities in f32, each within `error` of the exact one, which is computed on demand.
struct ProbeRow {
  const Rows* probes = nullptr;
  const Rows* gallery = nullptr;
  int64_t probe = 0;
  std::span<const float> near;
  double error = 0;

  double exact(int64_t row) const;
};

/// Calls `look` for every probe, several at a time.
void for_probe_rows(const Rows& probes, const Rows& gallery, int64_t threads, const std::function<void(const ProbeRow&)>& look);

/// The largest similarities of a search, in whatever order they are seen.
class Largest {
 public:
  explicit Largest(int64_t count, double error) : count_(count), error_(error) {}
  /// Takes what may be among the largest; `mate` is left out. [any thread]
  void look(const ProbeRow& row, int64_t mate);
  /// The `count` largest in f64, descending.
  std::vector<double> exact(const Rows& probes, const Rows& gallery) const;

 private:
  struct Seen {
    float near;
    uint32_t probe, row;
  };
  void shrink();
  float floor_of_kept() const;

  int64_t count_;
  double error_;
  mutable std::mutex guard_;
  float floor_ = 0;
  bool has_floor_ = false;
  std::vector<Seen> kept_;
};

}  // namespace lafs::metrics
