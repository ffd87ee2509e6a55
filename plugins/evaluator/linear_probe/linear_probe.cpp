#include "metrics/linear_probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "cropped.h"
#include "lafs/assembly.h"
#include "lafs/error.h"
#include "lafs/evaluator.h"
#include "lafs/parallel.h"
#include "lafs/plugin.h"
#include "lafs/rng.h"
#include "metrics/asked_rows.h"

namespace {

/// One linear layer on frozen features. Caron et al. 2021, eval_linear.py.
class Probe final : public lafs::Evaluator, public lafs::Interactive {
 public:
  struct Options {
    lafs::Use<lafs::DataSource> data, test;
    int64_t class_tokens = 4, epochs = 100, batch = 256, seed = 1;
    double rate = 0.001, momentum = 0.9;
    bool mean_patch = false, augment = true, flip = true;
    std::vector<double> crop_scale{0.9, 1}, crop_ratio{3.0 / 4, 4.0 / 3};
    std::string report = "last";

    void declare(lafs::Params& p) {
      p("data", data, lafs::needed(), "labelled pictures the linear layer is trained on");
      p("test", test, lafs::needed(), "held-out pictures of the same people");
      p("class_tokens", class_tokens, lafs::in(0, 100),
        "features are the class tokens of the last so many blocks, side by side; 0: the embedding, for a network without class tokens");
      p("mean_patch", mean_patch,
        "beside the class tokens the mean of the other tokens of the last block; DINO has it for wide models (ViT-B), with "
        "class_tokens = 1");
      p("epochs", epochs, lafs::in(1, 100000), "passes over the training pictures");
      p("batch", batch, lafs::in(1, 1000000), "rows of a step");
      p("rate", rate, lafs::in(1e-12, 1e6),
        "learning rate for a batch of 256: it is multiplied by batch / 256, and falls by a cosine to 0");
      p("momentum", momentum, lafs::in(0, 0.9999), "of SGD");
      p("augment", augment,
        "embed the training pictures again in every epoch, randomly cropped and flipped: the protocol, and as many passes of the network "
        "as there are epochs; false: embed them once as they are");
      p("crop_scale", crop_scale, lafs::in(0.01, 1),
        "least and largest share of a picture's area that a crop keeps; DINO's protocol has 0.08, 1");
      p("crop_ratio", crop_ratio, lafs::in(0.1, 10), "least and largest width of a crop, divided by its height");
      p("flip", flip, "mirror crops by chance");
      p("report", report, lafs::one_of({"last", "best"}),
        "last: the last epoch is the result; best: the epoch with the best top-1 on the test pictures, which flatters; both are reported");
      p("seed", seed, lafs::at_least(0), "seed of the first weights, the orders of the epochs, crops and flips");
    }
  };

  Probe(const Options& options, lafs::Assembly& assembly) : options_(options), contract_(assembly.input()) {
    for (const auto* range : {&options.crop_scale, &options.crop_ratio})
      if (range->size() != 2 || (*range)[0] > (*range)[1])
        throw lafs::Error(
            fmt::format("{} needs two numbers, the smaller first", range == &options.crop_scale ? "crop_scale" : "crop_ratio"));
    const Options plain;
    if (!options.augment &&
        (options.crop_scale != plain.crop_scale || options.crop_ratio != plain.crop_ratio || options.flip != plain.flip))
      throw lafs::Error("crop_scale, crop_ratio and flip have no effect with augment = false: leave them out");
    if (options.mean_patch && options.class_tokens == 0) throw lafs::Error("mean_patch stands beside class tokens, but class_tokens is 0");
    train_ = {"train", options.data.make(assembly)};
    test_ = {"test", options.test.make(assembly)};
    labels_ = train_.identities();
    const auto numbers = lafs::metrics::matched_people(*test_.source, "test", *train_.source, "data");
    for (int64_t r = 0; r < test_.size(); ++r) test_labels_.push_back(numbers[static_cast<size_t>(test_.identity(r))]);
  }

  /// All it will ask for, so that pictures are looked at before the first step; `run` embeds.
  std::vector<lafs::FeatureRequest> requests() const override { return {request_of(train_), request_of(test_)}; }

  lafs::Metrics run(lafs::Embedder& embedder) override {
    const int64_t threads = lafs::hardware_threads();
    const lafs::metrics::Rows test = rows_of(embedder, test_);
    lafs::metrics::LinearProbe probe(train_.source->identities(), test.width, static_cast<uint64_t>(options_.seed));
    lafs::metrics::Rows rows;
    Course course;
    for (int64_t epoch = 0; epoch < options_.epochs; ++epoch) {
      if (epoch == 0 || options_.augment) rows = rows_of(embedder, of_epoch(epoch));
      const double base = options_.rate * static_cast<double>(options_.batch) / 256;
      const auto order = lafs::metrics::epoch_order(rows.rows, static_cast<uint64_t>(options_.seed), epoch);
      course.loss.push_back(probe.train(rows, labels_, order, options_.batch, lafs::metrics::cosine_rate(base, epoch, options_.epochs),
                                        options_.momentum, threads));
      course.places.push_back(probe.places_of_truth(test, test_labels_, threads));
    }
    return metrics_of(course, test.width);
  }

 private:
  /// What each epoch came to.
  struct Course {
    std::vector<double> loss;
    std::vector<std::vector<int64_t>> places;
    double top(size_t epoch, int64_t n) const {
      const auto right = std::count_if(places[epoch].begin(), places[epoch].end(), [&](int64_t place) { return place < n; });
      return static_cast<double>(right) / static_cast<double>(places[epoch].size());
    }
  };

  lafs::FeatureRequest request_of(const lafs::metrics::AskedRows& asked) const {
    lafs::FeatureRequest request = asked.request();
    request.class_tokens = options_.class_tokens;
    request.mean_patch = options_.mean_patch;
    return request;
  }

  lafs::metrics::Rows rows_of(lafs::Embedder& embedder, const lafs::metrics::AskedRows& asked) const {
    const auto features = embedder.embed({request_of(asked)});
    const lafs::FeatureMatrix rows = asked.matrix(*features);
    return lafs::metrics::to_rows(rows.values, rows.width);
  }

  lafs::metrics::AskedRows of_epoch(int64_t epoch) const {
    if (!options_.augment) return train_;
    const lafs::linear_probe::CropRule rule{options_.crop_scale, options_.crop_ratio, options_.flip,
                                            contract_.height,    contract_.width,     lafs::imaging::filter_of(contract_.interpolation)};
    const uint64_t key =
        lafs::fold(lafs::fold(lafs::key_of("linear probe crops"), static_cast<uint64_t>(options_.seed)), static_cast<uint64_t>(epoch));
    return {"train", std::make_shared<lafs::linear_probe::Cropped>(train_.source, rule, key)};
  }

  lafs::Metrics metrics_of(const Course& course, int64_t width) const {
    size_t best = 0;
    for (size_t epoch = 1; epoch < course.places.size(); ++epoch)
      if (course.top(epoch, 1) > course.top(best, 1)) best = epoch;
    const size_t last = course.places.size() - 1, chosen = options_.report == "best" ? best : last, other = chosen == last ? best : last;
    const auto n = static_cast<int64_t>(test_labels_.size());
    lafs::Metrics metrics;
    const auto add = [&](const std::string& name, double share, bool headline) {
      metrics.values.push_back({.name = name,
                                .value = share,
                                .standard_error = lafs::metrics::share_error(share, n),
                                .n = n,
                                .unit = lafs::Unit::share,
                                .better = lafs::Better::larger,
                                .headline = headline});
    };
    add("top1", course.top(chosen, 1), true);
    if (train_.source->identities() > 5) add("top5", course.top(chosen, 5), true);
    add(options_.report == "best" ? "top1_last_epoch" : "top1_best_epoch", course.top(other, 1), false);
    metrics.values.push_back(
        {.name = "train_loss", .value = course.loss[chosen], .n = train_.size(), .better = lafs::Better::smaller, .headline = false});
    add_curve(course, metrics);
    add_notes(width, best, metrics);
    return metrics;
  }

  void add_curve(const Course& course, lafs::Metrics& metrics) const {
    lafs::Curve curve{"top1 over epochs", "", "epoch", "top1", {}, {}};
    for (size_t epoch = 0; epoch < course.places.size(); ++epoch) {
      curve.x.push_back(static_cast<double>(epoch + 1));
      curve.y.push_back(course.top(epoch, 1));
    }
    metrics.curves.push_back(std::move(curve));
  }

  void add_notes(int64_t width, size_t best, lafs::Metrics& metrics) const {
    std::string features = "the embedding";
    if (options_.class_tokens > 0)
      features = fmt::format("class tokens of the last {} blocks{}", options_.class_tokens,
                             options_.mean_patch ? " and the mean of the last block's other tokens" : "");
    const std::string crops = options_.augment ? fmt::format("random crops of {} to {} of the area{}", options_.crop_scale[0],
                                                             options_.crop_scale[1], options_.flip ? " and flips" : "")
                                               : "features of the pictures as they are, without crops and flips";
    metrics.notes.push_back(fmt::format(
        "linear probe on frozen features, {} ({} numbers), {} classes, {} training and {} test pictures, {}, SGD with momentum {} and rate "
        "{} x {}/256 falling by a cosine, {} epochs, the {} epoch reported, pixels scaled as {}",
        features, width, train_.source->identities(), train_.size(), test_.size(), crops, options_.momentum, options_.rate, options_.batch,
        options_.epochs, options_.report, contract_.preset));
    metrics.notes.push_back(fmt::format("epoch {} of {} was the best on the test pictures, which flatters it", best + 1, options_.epochs));
    if (!options_.augment)
      metrics.notes.push_back("augment = false: DINO's protocol trains on random crops and flips, so its numbers differ");
  }

  Options options_;
  lafs::InputContract contract_;
  lafs::metrics::AskedRows train_, test_;
  std::vector<int64_t> labels_, test_labels_;
};

}  // namespace

LAFS_PLUGIN(registrar) { registrar.add<Probe>("linear_probe", "a linear classifier on frozen features: DINO's protocol"); }
