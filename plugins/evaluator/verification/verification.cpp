#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lafs/assembly.h"
#include "lafs/error.h"
#include "lafs/evaluator.h"
#include "lafs/plugin.h"
#include "metrics/embeddings.h"
#include "metrics/pair_scores.h"
#include "pair_choice.h"

namespace {

/// One against one with folds, as LFW prescribes. Huang et al. 2007; evaluation 2.
class Verification final : public lafs::Evaluator, public lafs::ComparesPairs {
 public:
  struct Options {
    lafs::Use<lafs::DataSource> data;
    lafs::verification::PairOptions choice;
    std::vector<double> far{0.001, 0.01, 0.1};
    std::string flip = "contract";
    bool baseline = true;
    int64_t hardest = 10;

    void declare(lafs::Params& p) {
      p("data", data, lafs::needed(), "pictures that are compared");
      choice.declare(p);
      p("far", far, lafs::in(0, 1), "false accept rates at which the true accept rate is reported");
      p("flip", flip, lafs::one_of({"contract", "sum", "none"}),
        "sum: embeddings of picture and mirror are added in double precision; contract: as the model's input contract says");
      p("baseline", baseline, "also score the grey pixels by correlation under the same protocol");
      p.affects_nothing("hardest", hardest, lafs::at_least(0), "mistakes that are listed, of each kind");
    }
  };

  Verification(const Options& options, lafs::Assembly& assembly)
      : source_(options.data.make(assembly)), contract_(assembly.input()), baseline_(options.baseline) {
    flips_ = options.flip == "sum" || (options.flip == "contract" && contract_.flip == "sum");
    lafs::verification::ChosenPairs chosen = lafs::verification::choose_pairs(options.choice, *source_);
    notes_ = std::move(chosen.notes);
    protocol_ = {{}, {}, options.choice.folds, options.far, options.hardest};
    for (const lafs::metrics::Pair& pair : chosen.pairs) pictures_.insert(pictures_.end(), {pair.first, pair.second});
    std::sort(pictures_.begin(), pictures_.end());
    pictures_.erase(std::unique(pictures_.begin(), pictures_.end()), pictures_.end());
    for (const lafs::metrics::Pair& pair : chosen.pairs) {
      protocol_.pairs.push_back({row_of(pair.first), row_of(pair.second), pair.same});
      protocol_.same.push_back(pair.same ? 1 : 0);
    }
  }

  std::vector<lafs::FeatureRequest> requests() const override {
    std::vector<lafs::FeatureRequest> all{{"embeddings", source_, pictures_, flips_ ? "both" : "none", 0, false}};
    if (baseline_) all.push_back({"pixels", source_, pictures_, "none", 0, true});
    return all;
  }

  std::shared_ptr<const lafs::DataSource> compared_source() const override { return source_; }
  std::vector<lafs::ComparedPair> compared_pairs() const override {
    std::vector<lafs::ComparedPair> pairs;
    const auto picture = [&](int64_t row) { return pictures_[static_cast<size_t>(row)]; };
    for (const lafs::metrics::Pair& pair : protocol_.pairs) pairs.push_back({picture(pair.first), picture(pair.second), pair.same});
    return pairs;
  }

  lafs::Metrics score(const lafs::Features& features) const override {
    lafs::Metrics metrics;
    const lafs::FeatureMatrix embeddings = matrix(features, "embeddings");
    // The mean length is of single embeddings, before the flip sum (evaluation 2.2, item 2).
    lafs::metrics::Rows unit = lafs::metrics::to_rows(embeddings.values, flips_ ? embeddings.width / 2 : embeddings.width);
    const lafs::Metric xnorm{.name = "xnorm", .value = lafs::metrics::mean_norm(unit), .n = unit.rows, .headline = false};
    if (flips_) unit = lafs::metrics::flip_sum({std::move(unit.values), embeddings.rows, embeddings.width});
    lafs::metrics::normalise_rows(unit);
    const auto distances = lafs::metrics::squared_distances(unit, protocol_.pairs);
    const lafs::metrics::FoldAccuracy accuracy = lafs::metrics::add_pair_scores(protocol_, distances, "", metrics);
    metrics.values.push_back(xnorm);
    const auto name_of = [&](int64_t row) { return key(row); };
    lafs::metrics::add_pair_mistakes(protocol_, distances, accuracy, name_of, metrics);
    if (baseline_) {
      const lafs::FeatureMatrix pixels = matrix(features, "pixels");
      lafs::metrics::add_pair_scores(protocol_, lafs::metrics::correlation_distances(pixels.values, pixels.width, protocol_.pairs),
                                     "pixels", metrics);
    }
    add_notes(metrics);
    return metrics;
  }

 private:
  int64_t row_of(int64_t picture) const { return std::lower_bound(pictures_.begin(), pictures_.end(), picture) - pictures_.begin(); }
  std::string key(int64_t row) const { return source_->key(pictures_[static_cast<size_t>(row)]); }

  lafs::FeatureMatrix matrix(const lafs::Features& features, std::string_view request) const {
    const lafs::FeatureMatrix rows = features.of(request);
    if (rows.rows != static_cast<int64_t>(pictures_.size()))
      throw lafs::Error(fmt::format("\"{}\" has {} rows for {} pictures", request, rows.rows, pictures_.size()));
    if (const auto bad = lafs::metrics::first_row_not_finite(rows.values, rows.width))
      throw lafs::Error(fmt::format("row {} of \"{}\", picture \"{}\", is not finite", *bad, request, key(*bad)));
    return rows;
  }

  void add_notes(lafs::Metrics& metrics) const {
    metrics.notes = notes_;
    metrics.notes.push_back(fmt::format("pixels scaled as {}, {}", contract_.preset,
                                        flips_ ? "embeddings of picture and mirror added" : "without the mirrored picture"));
    if (contract_.score != "cosine")
      metrics.notes.push_back(fmt::format("the model asks for {} scores; this protocol compares unit rows", contract_.score));
    lafs::metrics::add_pair_rules(protocol_, metrics);
    if (baseline_) metrics.notes.push_back("pixels/ is the same protocol on grey pixels, compared by correlation");
  }

  std::shared_ptr<const lafs::DataSource> source_;
  lafs::InputContract contract_;
  bool baseline_, flips_ = false;
  lafs::metrics::PairProtocol protocol_;
  std::vector<int64_t> pictures_;  ///< index of each row, ascending
  std::vector<std::string> notes_;
};

}  // namespace

LAFS_PLUGIN(registrar) { registrar.add<Verification>("verification", "pairs of pictures, same person or not: LFW's protocol with folds"); }
