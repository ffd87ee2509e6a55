#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lafs/data_source.h"
#include "lafs/metrics.h"
#include "lafs/paired.h"

namespace lafs {

class Assembly;
class Embedder;

/// Features an evaluator needs. Equal pictures of several requests are embedded once.
struct FeatureRequest {
  std::string name;  ///< by which `Features` finds it
  std::shared_ptr<const DataSource> source;
  std::optional<std::vector<int64_t>> indices = std::nullopt;  ///< rows, in this order, repeats allowed; none: the whole source
  std::string flip = "contract";  ///< "contract" (as the input contract says), "sum", "none", "both" (row: picture then mirror, 2D)
  int64_t class_tokens = 0;       ///< 0: the embedding; n: class tokens of the last n blocks, side by side (needs `Attentive`)
  bool pixels = false;            ///< the grey pixels themselves, [0, 1], at the contract's size: the baseline under the same protocol
  bool mean_patch = false;        ///< beside class tokens the mean of the other tokens of the last block
  bool landmarks = false;         ///< x and y of each landmark in pixels of the input (needs `Landmarked`), of the picture: flip is "none"
};

/// Row-major rows of float32.
struct FeatureMatrix {
  std::span<const float> values;
  int64_t rows = 0, width = 0;
  std::span<const float> row(int64_t r) const { return values.subspan(static_cast<size_t>(r * width), static_cast<size_t>(width)); }
};

/// What was embedded for the requests; the host's, valid during the call it is handed to.
class Features {
 public:
  virtual ~Features() = default;
  virtual FeatureMatrix of(std::string_view request) const = 0;  ///< throws Error if nobody asked
};

/// A protocol: which pictures it needs, and what their features score. Knows no torch.
///
/// Made before the first step, so that a wrong list of pairs is an error at once. At each evaluation (`[run] evaluate_every`, the end of
/// the run, `lafs eval`) the host asks all evaluators for their requests, embeds every picture once, and calls `score`.
///
///     std::vector<lafs::FeatureRequest> requests() const override { return {{.name = "pairs", .source = source_}}; }
///     lafs::Metrics score(const lafs::Features& features) const override {
///       const lafs::FeatureMatrix rows = features.of("pairs");  // [N,D]
///       lafs::Metrics metrics;
///       metrics.values.push_back({.name = "accuracy", .value = accuracy_of(rows), .n = rows.rows, .unit = lafs::Unit::share});
///       return metrics;
///     }
class Evaluator {
 public:
  static constexpr std::string_view kind = "evaluator";
  using Factory = std::function<std::shared_ptr<Evaluator>(Assembly&)>;
  virtual ~Evaluator() = default;

  virtual std::vector<FeatureRequest> requests() const { return {}; }  ///< [main thread]
  virtual Metrics score(const Features&) const { return {}; }          ///< [main thread, rank 0]
};

/// An evaluator that must embed or train by itself (a linear probe): only `run` is called, on every rank with the same calls of embed; rank
/// 0's metrics count. Its `requests` may say what it will ask for, so that the pictures are looked at before the first step. [main thread]
class Interactive {
 public:
  virtual ~Interactive() = default;
  virtual Metrics run(Embedder& embedder) = 0;
};

/// Compares pictures of one source in pairs and says which: `lafs diagnose` scores the same pairs under other input contracts. [main
/// thread]
class ComparesPairs {
 public:
  virtual ~ComparesPairs() = default;
  virtual std::shared_ptr<const DataSource> compared_source() const = 0;
  virtual std::vector<ComparedPair> compared_pairs() const = 0;
};

/// Embeds on demand, batched and under the input contract; the host's, for an `Interactive`.
class Embedder {
 public:
  virtual ~Embedder() = default;
  virtual std::shared_ptr<const Features> embed(const std::vector<FeatureRequest>& requests) = 0;
};

}  // namespace lafs
