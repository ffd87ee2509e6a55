#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "formats/fingerprint.h"
#include "lafs/assembly.h"
#include "lafs/error.h"
#include "lafs/evaluator.h"
#include "lafs/plugin.h"
#include "metrics/embeddings.h"
#include "metrics/pair_distances.h"
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
    int64_t hardest = 10, bootstrap = 1000;

    void declare(lafs::Params& p) {
      p("data", data, lafs::needed(), "pictures that are compared; a source with pairs of its own, such as face_bin, brings these along");
      choice.declare(p);
      p("far", far, lafs::in(0, 1), "false accept rates at which the true accept rate is reported");
      p("flip", flip, lafs::one_of({"contract", "sum", "none"}),
        "sum: embeddings of picture and mirror are added in double precision; contract: as the model's input contract says");
      p("baseline", baseline, "also score the grey pixels by correlation under the same protocol");
      p.affects_unless(1000, "bootstrap", bootstrap, lafs::in(0, 100000), lafs::metrics::about_bootstrap);
      p.affects_nothing("hardest", hardest, lafs::at_least(0), "mistakes that are listed, of each kind");
    }
  };

  Verification(const Options& options, lafs::Assembly& assembly)
      : source_(options.data.make(assembly)), contract_(assembly.input()), baseline_(options.baseline) {
    flips_ = options.flip == "sum" || (options.flip == "contract" && contract_.flip == "sum");
    chosen_ = lafs::verification::choose_pairs(options.choice, *source_);
    protocol_.folds = options.choice.folds;
    protocol_.far = options.far;
    protocol_.hardest = options.hardest;
    protocol_.resampling.samples = options.bootstrap;
    settle(chosen_.pairs);
    chosen_.pairs.clear();
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
    const int64_t width = flips_ ? embeddings.width / 2 : embeddings.width;
    const auto distances = lafs::metrics::pair_distances(embeddings.values, width, flips_, protocol_.pairs);
    const lafs::metrics::FoldAccuracy accuracy = lafs::metrics::add_pair_scores(protocol_, distances.squared, "", metrics);
    metrics.values.push_back({.name = "xnorm", .value = distances.mean_norm, .n = embeddings.rows * (flips_ ? 2 : 1), .headline = false});
    lafs::metrics::add_pair_histogram(protocol_, distances.squared, "", metrics);
    lafs::metrics::add_pair_mistakes(protocol_, distances.squared, accuracy, [&](int64_t row) { return key(row); }, metrics);
    if (!chosen_.missing.items.empty()) metrics.lists.push_back(chosen_.missing);
    if (baseline_) {
      const lafs::FeatureMatrix pixels = matrix(features, "pixels");
      lafs::metrics::add_pair_scores(protocol_, lafs::metrics::correlation_distances(pixels.values, pixels.width, protocol_.pairs),
                                     "pixels", metrics);
    }
    lafs::metrics::add_pair_extra(protocol_, distances.cosine, "cosine", metrics);
    if (flips_) lafs::metrics::add_pair_extra(protocol_, distances.plain_squared, "no_flip", metrics);
    add_notes(metrics);
    lafs::metrics::add_pair_comparisons(protocol_, distances.squared, digest_, metrics);
    return metrics;
  }

 private:
  /// Turns pairs of pictures into pairs of rows, and notes who is compared.
  void settle(const std::vector<lafs::metrics::Pair>& pairs) {
    std::vector<int64_t> first, second;
    lafs::formats::Fingerprint digest;
    digest.add(source_->fingerprint());  // keys may be positions alone, as in every verification set
    for (const lafs::metrics::Pair& pair : pairs) {
      pictures_.insert(pictures_.end(), {pair.first, pair.second});
      first.push_back(source_->identity(pair.first));
      second.push_back(source_->identity(pair.second));
      digest.add(source_->key(pair.first)).add(source_->key(pair.second)).add(int64_t{pair.same});
    }
    digest_ = digest.hex();
    if (chosen_.knows_people) protocol_.people = lafs::metrics::people_of(first, second);
    std::sort(pictures_.begin(), pictures_.end());
    pictures_.erase(std::unique(pictures_.begin(), pictures_.end()), pictures_.end());
    for (const lafs::metrics::Pair& pair : pairs) {
      protocol_.pairs.push_back({row_of(pair.first), row_of(pair.second), pair.same});
      protocol_.same.push_back(pair.same ? 1 : 0);
    }
  }

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
    metrics.notes = chosen_.notes;
    metrics.warnings.insert(metrics.warnings.begin(), chosen_.warnings.begin(), chosen_.warnings.end());
    const std::string mirrors = flips_ ? "embeddings of picture and mirror added" : "without the mirrored picture";
    metrics.notes.push_back(fmt::format("pixels scaled as {}, {}", contract_.preset, mirrors));
    if (contract_.score != "cosine")
      metrics.notes.push_back(fmt::format("the model asks for {} scores; this protocol compares unit rows", contract_.score));
    lafs::metrics::add_pair_rules(protocol_, metrics);
    if (!chosen_.knows_people)
      metrics.notes.push_back("who is on the pictures is not known: intervals take every pair for people of its own");
    if (baseline_) metrics.notes.push_back("pixels/ is the same protocol on grey pixels, compared by correlation");
    metrics.notes.push_back("cosine/ takes 1 - cosine as the distance, with the same 400 thresholds" +
                            std::string(flips_ ? "; no_flip/ leaves the mirrored picture out" : ""));
    metrics.notes.push_back(
        fmt::format("protocol: {}, {} genuine and {} impostor, {}-fold cross-validation in contiguous blocks, the threshold "
                    "of each block chosen on the others; squared Euclidean distance of unit embeddings, {}, pixels scaled "
                    "as {}",
                    chosen_.notes.front(), protocol_.genuine(), protocol_.impostors(), protocol_.folds, mirrors, contract_.preset));
  }

  std::shared_ptr<const lafs::DataSource> source_;
  lafs::InputContract contract_;
  bool baseline_, flips_ = false;
  lafs::metrics::PairProtocol protocol_;
  std::vector<int64_t> pictures_;           ///< index of each row, ascending
  lafs::verification::ChosenPairs chosen_;  ///< without the pairs
  std::string digest_;                      ///< of the pairs
};

}  // namespace

LAFS_PLUGIN(registrar) { registrar.add<Verification>("verification", "pairs of pictures, same person or not: LFW's protocol with folds"); }
