/// The suites themselves: a plugin that breaks one promise is found, and the promise is named.
#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <torch/types.h>

#include "lafs/plugin.h"
#include "nn/layers/layers.h"
#include "runner/conformance/drawn.h"
#include "runner/conformance/suites.h"

namespace {

using namespace lafs;
using conformance::Findings;

/// One object that a test breaks by number.
struct Broken {
  int64_t way = 0;
  void declare(Params& p) { p("way", way, "which promise is broken; 0: none"); }
};

class SetWay final : public Params {
 public:
  explicit SetWay(int64_t way) : way_(way) {}

 private:
  void visit(const Option& option) override { *std::get<int64_t*>(option.slot) = way_; }
  int64_t way_;
};

template <typename T, typename Kind = typename T::Interface>
Use<Kind> broken(int64_t way) {
  Use<Kind> use("broken");
  use.options = std::make_shared<lafs::detail::ConfiguredOf<T>>();
  auto options = use.options->copy();
  SetWay set(way);
  options->declare(set);
  use.options = std::move(options);
  return use;
}

/// The promises that are named, without repeats.
template <typename T, typename Suite>
std::vector<std::string> found(Suite suite, int64_t way) {
  Findings findings;
  suite(broken<T>(way), findings);
  std::vector<std::string> promises;
  for (const auto& item : findings.items()) {
    if (std::find(promises.begin(), promises.end(), item.promise) == promises.end()) promises.push_back(item.promise);
  }
  return promises;
}

bool holds(const std::vector<std::string>& promises, const std::string& one) {
  return std::find(promises.begin(), promises.end(), one) != promises.end();
}

class Source final : public DataSource {
 public:
  using Options = Broken;
  using Interface = DataSource;
  Source(const Options& options, Assembly&) : way_(options.way) {}
  int64_t size() const override { return 5; }
  int64_t identities() const override { return 2; }
  int64_t identity(int64_t index) const override { return way_ == 1 ? index : index % 2; }
  std::string key(int64_t index) const override { return way_ == 2 ? "same" : std::to_string(index); }
  std::optional<int64_t> find(const std::string& key) const override {
    for (int64_t i = 0; i < size(); ++i) {
      if (this->key(i) == key) return i;
    }
    return std::nullopt;
  }
  std::string fingerprint() const override { return "12ab"; }
  Sample get(int64_t index) const override {
    if (way_ != 3 && (index < 0 || index >= size())) throw Error("image " + std::to_string(index) + " is outside [0, 5)");
    Sample sample = conformance::drawn_sample(8, 8);
    if (way_ == 4) sample.landmarks[0] = static_cast<float>(calls_++);
    sample.identity = identity(index);
    sample.index = index;
    sample.key = key(index);
    return sample;
  }

 private:
  int64_t way_;
  mutable std::atomic<int> calls_{0};
};

TEST_CASE("conformance: a data source that breaks a promise is found") {
  const auto look = [](int64_t way) { return found<Source>(conformance::conform_data_source, way); };
  CHECK(look(0).empty());
  CHECK(holds(look(1), "labels lie within the identities"));
  CHECK(holds(look(2), "find(key(i)) is i"));
  CHECK(holds(look(3), "get throws for an index beyond the end"));
  CHECK(holds(look(4), "get is stable over two calls"));
}

class OneView final : public Augmentation {
 public:
  using Options = Broken;
  using Interface = Augmentation;
  OneView(const Options& options, const InputContract&) : way_(options.way) {}
  ViewLayout layout() const override { return {{"image", 1, 8, 8, true}}; }
  void views(const Sample& sample, Rng& rng, Views& out) const override {
    auto bytes = out.image(0, 0);
    for (size_t i = way_ == 1 ? 1 : 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(rng.bits());
    if (way_ == 2) bytes[3] = static_cast<uint8_t>(calls_++);
    if (way_ != 3) out.landmarks(0, 0, sample.landmarks);
  }

 private:
  int64_t way_;
  mutable std::atomic<int> calls_{0};
};

TEST_CASE("conformance: an augmentation that breaks a promise is found") {
  const auto look = [](int64_t way) { return found<OneView>(conformance::conform_augmentation, way); };
  CHECK(look(0).empty());
  CHECK(holds(look(1), "every byte of a view is written, and follows from the key"));
  CHECK(holds(look(2), "every byte of a view is written, and follows from the key"));
  CHECK(holds(look(3), "views carry as many landmarks as the picture, where the layout says so"));
}

class Net final : public torch::nn::Module, public Backbone, public Initialised {
 public:
  using Options = Broken;
  using Interface = Backbone;
  using Factory = Backbone::Factory;
  static constexpr std::string_view kind = Backbone::kind;
  Net(const Options& options, const InputContract&) : way_(options.way) {
    linear_ = register_module("linear", std::make_shared<nn::Linear>(3, 4));
    if (way_ == 2) register_parameter("idle", torch::empty({2}));
    if (way_ == 3) count_ = register_buffer("count", torch::zeros({1}));
  }
  std::vector<InitRule> init_rules() const override {
    return way_ == 2 ? std::vector<InitRule>{{"idle", InitRule::Shape::normal, 0, 1}} : std::vector<InitRule>();
  }
  std::shared_ptr<torch::nn::Module> module() override { return shared_from_this(); }
  int64_t embed_dim() const override { return 4; }
  at::Tensor forward(const at::Tensor& images, const Pass&) override {
    if (way_ != 4 && (images.dim() != 4 || images.size(1) != 3)) throw Error("\"images\" has a wrong shape");
    at::Tensor out = linear_->forward(images.mean({2, 3}));
    if (way_ == 1) out = out - out.mean(0, true);
    if (way_ == 3) count_.add_(1);
    if (way_ == 5 && is_training()) out = out * 2;
    return out;
  }

 private:
  int64_t way_;
  std::shared_ptr<nn::Linear> linear_;
  at::Tensor count_;
};

TEST_CASE("conformance: a backbone that breaks a promise is found") {
  const auto look = [](int64_t way) { return found<Net>(conformance::conform_backbone, way); };
  CHECK(look(0).empty());
  CHECK(holds(look(1), "rows of a batch are independent"));
  CHECK(holds(look(2), "gradients reach every trainable parameter"));
  CHECK(holds(look(3), "evaluation changes no state"));
  CHECK(holds(look(4), "a wrong shape throws an Error that names the argument: [2, 1, 112, 112]"));
  CHECK(holds(look(5), "module train() and eval() change nothing; Pass decides"));
}

class PlainMargin final : public Head, public Margin {
 public:
  using Options = Broken;
  using Interface = Head;
  PlainMargin(const Options& options, int64_t) : way_(options.way) {}
  double scale() const override { return way_ == 1 ? 0 : 16; }
  at::Tensor target(const TargetRows& rows, const Pass&) override {
    if (way_ == 2) return (1 - rows.cosines * rows.cosines).sqrt() - 1;  // its slope at the ends is infinite
    return rows.cosines - 0.2;
  }

 private:
  int64_t way_;
};

TEST_CASE("conformance: a head that breaks a promise is found") {
  const auto look = [](int64_t way) { return found<PlainMargin>(conformance::conform_head, way); };
  CHECK(look(0).empty());
  CHECK(holds(look(1), "the scale is above 0"));
  CHECK(holds(look(2), "cosines have a finite gradient on [-1, 1]"));
}

class Descent final : public Optimizer {
 public:
  using Options = Broken;
  using Interface = Optimizer;
  Descent(const Options& options, const ParameterGroups& groups) : way_(options.way), groups_(groups) {
    for (const auto& group : groups_) {
      for (const at::Tensor& p : group->parameters()) moments_.push_back(at::zeros(way_ == 1 ? at::IntArrayRef{7} : p.sizes()));
    }
  }
  void step() override {
    size_t slot = 0;
    for (const auto& group : groups_) {
      for (const at::Tensor& parameter : group->parameters()) {
        at::Tensor p = parameter, &moment = moments_[slot++];
        if (way_ == 2) p.mul_(0.999);
        if (!p.grad().defined()) continue;
        const at::Tensor gradient = p.grad() + group->weight_decay() * p.detach();
        if (way_ != 1) moment.mul_(0.5).add_(gradient);
        p.add_(way_ == 1 ? gradient : moment, -(way_ == 3 ? 0.05 : group->lr()));
      }
    }
    ++steps_;
  }
  void visit_state(StateVisitor& visitor) override {
    if (way_ == 4 && steps_ == 0) return;
    size_t slot = 0;
    for (const auto& group : groups_) {
      for (const std::string& name : group->names()) visitor.tensor(name, "moment", moments_[slot++], true);
    }
  }

 private:
  int64_t way_, steps_ = 0;
  ParameterGroups groups_;
  std::vector<at::Tensor> moments_;
};

TEST_CASE("conformance: an optimizer that breaks a promise is found") {
  const auto look = [](int64_t way) { return found<Descent>(conformance::conform_optimizer, way); };
  CHECK(look(0).empty());
  CHECK(holds(look(1), "a shaped slot has its parameter's shape"));
  CHECK(holds(look(2), "a parameter without a gradient stays"));
  CHECK(holds(look(3), "a learning rate of 0 leaves the weights"));
  CHECK(holds(look(4), "all of the state is there when the optimizer is made"));
}

class Score final : public Evaluator {
 public:
  using Options = Broken;
  using Interface = Evaluator;
  Score(const Options& options, Assembly& assembly) : way_(options.way), source_(std::make_shared<Source>(Broken{}, assembly)) {}
  std::vector<FeatureRequest> requests() const override {
    FeatureRequest request{"embeddings", source_};
    if (way_ == 1) request.indices = std::vector<int64_t>{0, 5};
    return {request};
  }
  Metrics score(const Features& features) const override {
    const FeatureMatrix rows = features.of("embeddings");
    double right = 0;
    for (int64_t r = 0; r < rows.rows; ++r) {
      const auto row = rows.row(r);
      right += std::max_element(row.begin(), row.end()) - row.begin() == source_->identity(r);
    }
    Metrics metrics;
    metrics.values.push_back({.name = "accuracy",
                              .value = way_ == 2   ? 1.5
                                       : way_ == 3 ? 0.5
                                                   : right / static_cast<double>(rows.rows),
                              .n = rows.rows,
                              .unit = Unit::share});
    return metrics;
  }

 private:
  int64_t way_;
  std::shared_ptr<const DataSource> source_;
};

TEST_CASE("conformance: an evaluator that breaks a promise is found") {
  const auto look = [](int64_t way) { return found<Score>(conformance::conform_evaluator, way); };
  CHECK(look(0).empty());
  CHECK(holds(look(1), "requested pictures are in the source"));
  CHECK(holds(look(2), "a share is between 0 and all"));
  CHECK(holds(look(3), "perfect features score above 0.99"));
}

}  // namespace
