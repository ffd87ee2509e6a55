#include "metrics/knn.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "lafs/assembly.h"
#include "lafs/error.h"
#include "lafs/evaluator.h"
#include "lafs/parallel.h"
#include "lafs/plugin.h"
#include "metrics/asked_rows.h"

namespace {

/// Weighted k-NN classification on frozen features. Wu et al. 2018; DINO's eval_knn.py.
class Knn final : public lafs::Evaluator {
 public:
  struct Options {
    lafs::Use<lafs::DataSource> bank, data;
    std::vector<int64_t> k{10, 20, 100, 200};
    double temperature = 0.07;
    std::string flip = "contract";

    void declare(lafs::Params& p) {
      p("bank", bank, lafs::needed(), "labelled pictures among which neighbours are looked for");
      p("data", data, lafs::needed(),
        "pictures that are classified, of the same people; a picture that is also in the bank finds itself, so leave it out of one of "
        "them");
      p("k", k, lafs::at_least(1), "numbers of neighbours; results for the first rank checkpoints");
      p("temperature", temperature, lafs::in(1e-3, 1e3), "T: a neighbour votes for its class with exp(similarity / T)");
      p("flip", flip, lafs::one_of({"contract", "sum", "none"}), lafs::metrics::about_flip);
    }
  };

  Knn(const Options& options, lafs::Assembly& assembly) : k_(options.k), temperature_(options.temperature), contract_(assembly.input()) {
    const bool mirrors = lafs::metrics::adds_mirror(options.flip, contract_);
    bank_ = {"bank", options.bank.make(assembly), mirrors};
    queries_ = {"queries", options.data.make(assembly), mirrors};
    if (k_.empty()) throw lafs::Error("k names no number of neighbours");
    if (auto sorted = k_; std::sort(sorted.begin(), sorted.end()), std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end())
      throw lafs::Error(fmt::format("k = [{}] names a number twice", fmt::join(k_, ", ")));
    bank_labels_ = bank_.identities();
    const auto numbers = lafs::metrics::matched_people(*queries_.source, "data", *bank_.source, "bank");
    for (int64_t q = 0; q < queries_.size(); ++q) query_labels_.push_back(numbers[static_cast<size_t>(queries_.identity(q))]);
  }

  std::vector<lafs::FeatureRequest> requests() const override { return {bank_.request(), queries_.request()}; }

  lafs::Metrics score(const lafs::Features& features) const override {
    const int64_t threads = lafs::hardware_threads();
    const lafs::metrics::UnitRows bank = bank_.rows(features);
    const lafs::metrics::Rows queries = lafs::metrics::all_rows(queries_.rows(features), threads);
    const auto found = lafs::metrics::nearest_rows(queries, bank, *std::max_element(k_.begin(), k_.end()), threads);
    lafs::Metrics metrics;
    for (const int64_t k : k_) add(found, k, metrics);
    add_notes(metrics);
    return metrics;
  }

 private:
  int64_t classes() const { return bank_.source->identities(); }

  void add(const lafs::metrics::NearestRows& found, int64_t k, lafs::Metrics& metrics) const {
    const auto places = lafs::metrics::places_of_truth(found, k, bank_labels_, query_labels_, classes(), temperature_);
    std::vector<int64_t> tops{1};
    if (std::min<int64_t>(5, k) > 1) tops.push_back(std::min<int64_t>(5, k));
    for (const int64_t top : tops) {
      const auto right = std::count_if(places.begin(), places.end(), [&](int64_t place) { return place < top; });
      const auto n = static_cast<int64_t>(places.size());
      const double share = static_cast<double>(right) / static_cast<double>(n);
      metrics.values.push_back({.name = fmt::format("top{}@k={}", top, k),
                                .value = share,
                                .standard_error = lafs::metrics::share_error(share, n),
                                .n = n,
                                .unit = lafs::Unit::share,
                                .better = lafs::Better::larger,
                                .headline = top == 1});
    }
  }

  void add_notes(lafs::Metrics& metrics) const {
    metrics.notes.push_back(fmt::format("weighted k-NN, k = {}, T = {}, {} bank and {} query pictures of {} classes, {}",
                                        fmt::join(k_, ", "), temperature_, bank_.size(), queries_.size(), classes(),
                                        lafs::metrics::input_words(contract_, bank_.mirrors)));
    for (const int64_t k : k_)
      if (k > bank_.size())
        metrics.notes.push_back(fmt::format("k = {} is more than the bank has: all of its {} pictures vote", k, bank_.size()));
    metrics.notes.push_back("equal similarities: the earlier picture of the bank first; equal votes: the lower class first");
  }

  std::vector<int64_t> k_;
  double temperature_;
  lafs::InputContract contract_;
  lafs::metrics::AskedRows bank_, queries_;
  std::vector<int64_t> bank_labels_, query_labels_;
};

}  // namespace

LAFS_PLUGIN(registrar) { registrar.add<Knn>("knn", "weighted k-nearest-neighbour classification on frozen features: DINO's protocol"); }
