#include <cmath>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "lafs/assembly.h"
#include "lafs/data_source.h"
#include "lafs/error.h"
#include "lafs/evaluator.h"
#include "lafs/plugin.h"

namespace {

/// The share of pictures whose nearest other picture, by the cosine of their embeddings, is of the same identity. It asks for features
/// and scores them; which network made them, and on how many devices, it does not know.
class MyPlugin final : public lafs::Evaluator {
 public:
  struct Options {
    lafs::Use<lafs::DataSource> data{"synthetic_faces"};

    void declare(lafs::Params& p) { p("data", data, "the pictures, of people that training does not see"); }
  };

  MyPlugin(const Options& options, lafs::Assembly& assembly) : source_(options.data.make(assembly)) {
    if (source_->size() < 2) throw lafs::Error("\"data\" has a single picture, and its nearest neighbour is asked for");
  }

  std::vector<lafs::FeatureRequest> requests() const override {
    lafs::FeatureRequest request;
    request.name = "pictures";
    request.source = source_;
    return {request};
  }

  lafs::Metrics score(const lafs::Features& features) const override {
    const lafs::FeatureMatrix rows = features.of("pictures");
    int64_t right = 0;
    for (int64_t i = 0; i < rows.rows; ++i) right += source_->identity(i) == source_->identity(nearest(rows, i));
    const double share = static_cast<double>(right) / static_cast<double>(rows.rows);
    lafs::Metrics metrics;
    const double error = std::sqrt(share * (1 - share) / static_cast<double>(rows.rows));
    metrics.values.push_back({.name = "top1", .value = share, .standard_error = error, .n = rows.rows, .unit = lafs::Unit::share});
    return metrics;
  }

 private:
  static double cosine(std::span<const float> a, std::span<const float> b) {
    double ab = 0, aa = 0, bb = 0;
    for (size_t i = 0; i < a.size(); ++i) {
      ab += double{a[i]} * b[i];
      aa += double{a[i]} * a[i];
      bb += double{b[i]} * b[i];
    }
    return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : 0;
  }

  static int64_t nearest(const lafs::FeatureMatrix& rows, int64_t i) {
    int64_t best = i == 0 ? 1 : 0;
    double highest = -2;
    for (int64_t j = 0; j < rows.rows; ++j) {
      const double now = j == i ? -3 : cosine(rows.row(i), rows.row(j));
      if (now > highest) {
        highest = now;
        best = j;
      }
    }
    return best;
  }

  std::shared_ptr<const lafs::DataSource> source_;
};

}  // namespace

// When a change of yours alters numbers, raise the revision, a last argument: registrar.add<...>("my_plugin", "...", 2). Runs that are
// finished are then not taken for runs of the new code.
LAFS_PLUGIN(registrar) { registrar.add<MyPlugin>("my_plugin", "the nearest neighbour is of the same identity, leaving one out"); }
