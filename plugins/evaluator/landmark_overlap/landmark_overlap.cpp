#include "metrics/landmark_overlap.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "lafs/assembly.h"
#include "lafs/error.h"
#include "lafs/evaluator.h"
#include "lafs/plugin.h"
#include "metrics/asked_rows.h"

namespace {

/// How strongly the patches at a network's landmarks overlap: LAFS's `calculate_overlap_near`.
class Overlap final : public lafs::Evaluator {
 public:
  struct Options {
    lafs::Use<lafs::DataSource> data;
    int64_t patch = 28, listed = 10;

    void declare(lafs::Params& p) {
      p("data", data, lafs::needed(), "pictures whose landmarks are looked at");
      p("patch", patch, lafs::in(1, 112), "side of the patch at a landmark, pixels: 28 in LAFS's evaluation, 8 while it trains");
      p.affects_nothing("listed", listed, lafs::at_least(0), "pictures with the strongest overlap that are listed");
    }
  };

  Overlap(const Options& options, lafs::Assembly& assembly)
      : patch_(options.patch), listed_(options.listed), asked_{"landmarks", options.data.make(assembly)} {
    const lafs::InputContract& input = assembly.input();
    if (input.height != input.width)
      throw lafs::Error(
          fmt::format("landmark overlap needs a square input, and this model's has {} rows and {} columns", input.height, input.width));
    side_ = input.width;
  }

  std::vector<lafs::FeatureRequest> requests() const override {
    lafs::FeatureRequest request = asked_.request();
    request.landmarks = true;
    return {request};
  }

  lafs::Metrics score(const lafs::Features& features) const override {
    const lafs::FeatureMatrix rows = asked_.matrix(features);
    const int64_t landmarks = rows.width / 2;
    const std::vector<double> points(rows.values.begin(), rows.values.end());
    const lafs::metrics::OverlapOfSet found = lafs::metrics::overlap_of_set(points, landmarks, patch_, side_);
    lafs::Metrics metrics;
    metrics.values.push_back(
        {.name = "overlap", .value = found.mean, .standard_error = lafs::metrics::mean_error(found.of_picture), .n = rows.rows});
    metrics.values.push_back({.name = "overlap_variance", .value = found.variance, .n = rows.rows});
    metrics.notes.push_back(fmt::format(
        "landmark overlap, {} pictures of {} landmarks, patches of {} x {} pixels in pictures of {} x {}, each landmark with its "
        "nearest other, mean over landmarks, then over pictures",
        rows.rows, landmarks, patch_, patch_, side_, side_));
    metrics.notes.push_back("less overlap is not better by itself: do not rank checkpoints by it");
    list_strongest(found, metrics);
    return metrics;
  }

 private:
  void list_strongest(const lafs::metrics::OverlapOfSet& found, lafs::Metrics& metrics) const {
    std::vector<size_t> order(found.of_picture.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return found.of_picture[a] > found.of_picture[b]; });
    order.resize(std::min(order.size(), static_cast<size_t>(listed_)));
    lafs::RankedList list{"strongest overlap", {}};
    for (const size_t row : order) {
      const std::string key = asked_.key(static_cast<int64_t>(row));
      list.items.push_back({.what = key, .score = found.of_picture[row], .pictures = {key}});
    }
    metrics.lists.push_back(std::move(list));
  }

  int64_t patch_, listed_, side_ = 112;
  lafs::metrics::AskedRows asked_;
};

}  // namespace

LAFS_PLUGIN(registrar) {
  registrar.add<Overlap>("landmark_overlap", "how strongly the patches at a network's landmarks overlap: LAFS's statistic");
}
