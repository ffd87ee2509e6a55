#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "formats/fingerprint.h"
#include "lafs/assembly.h"
#include "lafs/evaluator.h"
#include "lafs/plugin.h"
#include "metrics/asked_rows.h"
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
      p("flip", flip, lafs::one_of({"contract", "sum", "none"}), lafs::metrics::about_flip);
      p("baseline", baseline, "also score the grey pixels by correlation under the same protocol");
      p.affects_unless(1000, "bootstrap", bootstrap, lafs::in(0, 100000), lafs::metrics::about_bootstrap);
      p.affects_nothing("hardest", hardest, lafs::at_least(0), "mistakes that are listed, of each kind");
    }
  };

  Verification(const Options& options, lafs::Assembly& assembly) : contract_(assembly.input()), baseline_(options.baseline) {
    asked_ = {"embeddings", options.data.make(assembly), lafs::metrics::adds_mirror(options.flip, contract_)};
    chosen_ = lafs::verification::choose_pairs(options.choice, *asked_.source);
    protocol_.folds = options.choice.folds;
    protocol_.far = options.far;
    protocol_.hardest = options.hardest;
    protocol_.resampling.samples = options.bootstrap;
    settle(chosen_.pairs);
    chosen_.pairs.clear();
  }

  std::vector<lafs::FeatureRequest> requests() const override {
    std::vector<lafs::FeatureRequest> all{asked_.request()};
    if (!baseline_) return all;
    all.push_back(pixels().request());
    all.back().pixels = true;
    return all;
  }

  std::shared_ptr<const lafs::DataSource> compared_source() const override { return asked_.source; }
  std::vector<lafs::ComparedPair> compared_pairs() const override {
    std::vector<lafs::ComparedPair> pairs;
    for (const lafs::metrics::Pair& pair : protocol_.pairs)
      pairs.push_back({asked_.index(pair.first), asked_.index(pair.second), pair.same});
    return pairs;
  }

  lafs::Metrics score(const lafs::Features& features) const override {
    lafs::Metrics metrics;
    const lafs::FeatureMatrix embeddings = asked_.matrix(features);
    const bool flips = asked_.mirrors;
    const int64_t width = flips ? embeddings.width / 2 : embeddings.width;
    const auto distances = lafs::metrics::pair_distances(embeddings.values, width, flips, protocol_.pairs);
    const lafs::metrics::FoldAccuracy accuracy = lafs::metrics::add_pair_scores(protocol_, distances.squared, "", metrics);
    metrics.values.push_back({.name = "xnorm", .value = distances.mean_norm, .n = embeddings.rows * (flips ? 2 : 1), .headline = false});
    lafs::metrics::add_pair_histogram(protocol_, distances.squared, "", metrics);
    lafs::metrics::add_pair_mistakes(protocol_, distances.squared, accuracy, [&](int64_t row) { return asked_.key(row); }, metrics);
    if (!chosen_.missing.items.empty()) metrics.lists.push_back(chosen_.missing);
    if (baseline_) {
      const lafs::FeatureMatrix grey = pixels().matrix(features);
      lafs::metrics::add_pair_scores(protocol_, lafs::metrics::correlation_distances(grey.values, grey.width, protocol_.pairs), "pixels",
                                     metrics);
    }
    lafs::metrics::add_pair_extra(protocol_, distances.cosine, "cosine", metrics);
    if (flips) lafs::metrics::add_pair_extra(protocol_, distances.plain_squared, "no_flip", metrics);
    add_notes(metrics);
    lafs::metrics::add_pair_comparisons(protocol_, distances.squared, digest_, metrics);
    return metrics;
  }

 private:
  /// Turns pairs of pictures into pairs of rows, and notes who is compared.
  void settle(const std::vector<lafs::metrics::Pair>& pairs) {
    std::vector<int64_t> first, second;
    std::vector<int64_t>& pictures = asked_.indices.emplace();
    lafs::formats::Fingerprint digest;
    const auto* paired = dynamic_cast<const lafs::Paired*>(asked_.source.get());
    digest.add(paired ? paired->set_digest() : asked_.source->fingerprint());  // keys may be positions alone
    for (const lafs::metrics::Pair& pair : pairs) {
      pictures.insert(pictures.end(), {pair.first, pair.second});
      first.push_back(asked_.source->identity(pair.first));
      second.push_back(asked_.source->identity(pair.second));
      digest.add(asked_.source->key(pair.first)).add(asked_.source->key(pair.second)).add(int64_t{pair.same});
    }
    digest_ = digest.hex();
    if (chosen_.knows_people) protocol_.people = lafs::metrics::people_of(first, second);
    std::sort(pictures.begin(), pictures.end());
    pictures.erase(std::unique(pictures.begin(), pictures.end()), pictures.end());
    for (const lafs::metrics::Pair& pair : pairs) {
      protocol_.pairs.push_back({row_of(pair.first), row_of(pair.second), pair.same});
      protocol_.same.push_back(pair.same ? 1 : 0);
    }
  }

  int64_t row_of(int64_t picture) const {
    return std::lower_bound(asked_.indices->begin(), asked_.indices->end(), picture) - asked_.indices->begin();
  }
  lafs::metrics::AskedRows pixels() const { return {"pixels", asked_.source, false, asked_.indices}; }

  void add_notes(lafs::Metrics& metrics) const {
    metrics.notes = chosen_.notes;
    metrics.warnings.insert(metrics.warnings.begin(), chosen_.warnings.begin(), chosen_.warnings.end());
    const std::string mirrors = asked_.mirrors ? "embeddings of picture and mirror added" : "without the mirrored picture";
    metrics.notes.push_back(fmt::format("pixels scaled as {}, {}", contract_.preset, mirrors));
    if (contract_.score != "cosine")
      metrics.notes.push_back(fmt::format("the model asks for {} scores; this protocol compares unit rows", contract_.score));
    lafs::metrics::add_pair_rules(protocol_, metrics);
    if (!chosen_.knows_people)
      metrics.notes.push_back("who is on the pictures is not known: intervals take every pair for people of its own");
    if (baseline_) metrics.notes.push_back("pixels/ is the same protocol on grey pixels, compared by correlation");
    metrics.notes.push_back("cosine/ takes 1 - cosine as the distance, with the same 400 thresholds" +
                            std::string(asked_.mirrors ? "; no_flip/ leaves the mirrored picture out" : ""));
    metrics.notes.push_back(
        fmt::format("protocol: {}, {} genuine and {} impostor, {}-fold cross-validation in contiguous blocks, the threshold "
                    "of each block chosen on the others; squared Euclidean distance of unit embeddings, {}, pixels scaled "
                    "as {}",
                    chosen_.notes.front(), protocol_.genuine(), protocol_.impostors(), protocol_.folds, mirrors, contract_.preset));
  }

  lafs::metrics::AskedRows asked_;  ///< pictures in ascending order of their indices
  lafs::InputContract contract_;
  bool baseline_;
  lafs::metrics::PairProtocol protocol_;
  lafs::verification::ChosenPairs chosen_;  ///< without the pairs
  std::string digest_;                      ///< of the pairs
};

}  // namespace

LAFS_PLUGIN(registrar) { registrar.add<Verification>("verification", "pairs of pictures, same person or not: LFW's protocol with folds"); }
