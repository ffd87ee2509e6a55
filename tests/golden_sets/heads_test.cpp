#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <torch/types.h>

#include "kernel/ranks/solo_collective.h"
#include "kernel/train/null_reporter.h"
#include "lafs/draws.h"
#include "lafs/step.h"
#include "nn/loss/classifier.h"
#include "support/front_door.h"
#include "support/golden.h"
#include "support/head_case.h"

// Margin heads of several sources (golden README, set 6): logits 1e-4 (rows with a cosine near -1 or 1, where acos and square roots are
// uncertain, 2e-2), loss 1e-3, gradients 2e-4 of the row's largest, running statistics 1e-6 of their size.
TEST_SUITE("heads") {
  namespace {  // suites of several files share a name of doctest's making
  using namespace lafs;

  /// Draws whose normals "margin" come from margins that were recorded.
  class RecordedMargins final : public Draws {
   public:
    RecordedMargins(const at::Tensor& margins, double mean, double sigma) : normals_((margins.reshape({-1}) - mean) / sigma) {}
    int64_t rows() const override { return normals_.size(0); }
    at::Tensor normal(std::string_view stream, const Shape& shape) const override {
      if (stream != "margin" || !shape.empty()) throw std::runtime_error("no such normals were recorded");
      return normals_;
    }
    at::Tensor uniform(std::string_view, const Shape&) const override { throw std::runtime_error("no uniforms were recorded"); }
    at::Tensor integers(std::string_view, int64_t, const Shape&) const override { throw std::runtime_error("no integers were recorded"); }
    at::Tensor permutations(std::string_view, int64_t) const override { throw std::runtime_error("no permutations were recorded"); }
    at::Tensor keep_mask(std::string_view, double, const Shape&) const override { throw std::runtime_error("no masks were recorded"); }
    uint64_t batch_key(std::string_view) const override { throw std::runtime_error("no keys were recorded"); }
    std::shared_ptr<const Draws> scope(std::string_view) const override { return shared_from_this(); }
    std::shared_ptr<const Draws> views(int64_t, int64_t) const override { throw std::runtime_error("no views were recorded"); }

   private:
    at::Tensor normals_;
  };

  /// The second label of each soft row: its other class, or the same one where the partner shares the identity.
  at::Tensor partners(const at::Tensor& soft, const at::Tensor& labels) {
    const auto [weight, other] = soft.scatter(1, labels.unsqueeze(1), 0).max(1);
    return at::where(weight > 0, other, labels);
  }

  nn::Targets targets_of(const test::HeadCase& c, const test::Tensors& data, const nlohmann::json& settings) {
    nn::Targets targets;
    targets.label_a = data.at(c.minus1 ? "labels_with_minus1" : "labels");
    if (c.soft) {
      targets.label_b = partners(data.at("soft"), targets.label_a);
      targets.lambda = torch::tensor(settings.at("mixup_lambda").get<std::vector<float>>());
    }
    targets.smoothing = c.smoothing;
    targets.complete = !c.minus1;
    return targets;
  }

  /// Largest error of a row divided by the row's largest magnitude, over rows whose golden numbers are all finite. Rows that are
  /// rounding beside the largest row are judged against 1e-6 of that one.
  double row_error(const at::Tensor& ours, const at::Tensor& golden) {
    const at::Tensor finite = golden.isfinite().all(1);
    const at::Tensor a = ours.detach().to(at::kDouble).index({finite}), b = golden.to(at::kDouble).index({finite});
    if (b.numel() == 0) return INFINITY;
    const at::Tensor size = b.abs().amax(1).clamp_min(1e-6 * b.abs().max().item<double>());
    const double error = ((a - b).abs().amax(1) / size).max().item<double>();
    return error == error ? error : INFINITY;
  }

  /// One golden case with the head and the class matrix that should come to its numbers.
  class Comparison {
   public:
    Comparison(std::string name, const nlohmann::json& settings, const test::Tensors& data)
        : name_(std::move(name)),
          settings_(settings),
          entry_(settings.at("cases").at(name_)),
          data_(data),
          case_(test::read_head_case(name_, settings.at("cases"))),
          weight_(data.at(case_.plugin == "subcenter_arcface" ? "W_subcenter" : "W")) {
      if (case_.plugin != "sphereface" && case_.plugin != "softmax") case_.options += scale();
      if (weight_.size(0) != classes()) case_.options += fmt::format("centers = {}\n", weight_.size(0) / classes());
      if (const auto drawn = data.find(name_ + ".margins_drawn"); drawn != data.end()) {
        const std::string note = entry_.at("note");
        draws_ = std::make_shared<RecordedMargins>(drawn->second, test::number_named(note, "m"), test::number_named(note, "sigma"));
      }
      while (data.contains(fmt::format("{}.logits_call{}", name_, calls_))) ++calls_;
    }

    void run() {
      logits_and_states();
      if (data_.contains(name_ + ".loss")) loss_and_gradients();
      if (case_.plugin == "magface") parts_of_magface();
    }

   private:
    int64_t classes() const { return settings_.at("C"); }
    const at::Tensor& golden(const std::string& of) const { return data_.at(name_ + "." + of); }
    at::Tensor embedding() const { return data_.at(entry_.at("input").get<std::string>()).clone().requires_grad_(true); }
    std::string scale() const { return fmt::format("scale = {}\n", settings_.at("scale").get<double>()); }
    std::shared_ptr<Head> head() const { return test::make<Head>(case_.plugin, case_.options, classes()); }
    Pass pass() { return {true, draws_, &solo_}; }

    std::shared_ptr<nn::Classifier> classifier(const Head& head) const {
      nn::Classifier::Options options;
      options.classes = classes();
      options.width = settings_.at("d");
      options.sub_centers = weight_.size(0) / classes();
      options.probability_floor = case_.floor;
      options.normalised = dynamic_cast<const Unnormalised*>(&head) == nullptr;
      options.bias = !options.normalised;
      auto made = std::make_shared<nn::Classifier>(options);
      const at::NoGradGuard no_grad;
      made->weight.copy_(weight_);
      if (options.bias) {
        double first = 0, last = 0;
        const std::string source = entry_.at("source");
        REQUIRE(std::sscanf(source.c_str() + source.find("linspace("), "linspace(%lf, %lf", &first, &last) == 2);
        made->bias.copy_(at::linspace(first, last, classes()));
      }
      return made;
    }

    void update(Head& head) {
      const at::NoGradGuard no_grad;
      if (auto* statistical = dynamic_cast<Statistical*>(&head)) statistical->after_update({{}, 0, 1, nullptr, solo_, reporter_});
    }

    void compare_logits(const at::Tensor& ours, const at::Tensor& theirs) const {
      REQUIRE(ours.sizes() == theirs.sizes());
      const at::Tensor error = (ours.detach() - theirs).abs().amax(1);
      CAPTURE(error);
      CHECK((error < at::where(at_end(), case_.ends ? 2e-2 : 1e-4, 1e-4)).all().item<bool>());
    }
    /// Rows with a cosine near -1 or 1.
    at::Tensor at_end() const {
      const at::Tensor e = embedding().detach();
      const at::Tensor cosines = at::matmul(e / e.norm(2, {1}, true).clamp_min(1e-12), (weight_ / weight_.norm(2, {1}, true)).t());
      return (cosines.abs() > 0.999).any(1);
    }

    void logits_and_states() {
      auto used = head();
      // The logits of a whole loss are those of cosines without a margin.
      if (dynamic_cast<WholeLoss*>(used.get())) used = test::make<Head>("normalised_softmax", scale(), classes());
      const auto matrix = classifier(*used);
      const nn::Targets targets = targets_of(case_, data_, settings_);
      for (int64_t call = 0; call < std::max<int64_t>(calls_, 1); ++call) {
        CAPTURE(call);
        const at::Tensor logits = matrix->logits(embedding(), targets, *used, pass());
        if (calls_ > 0) compare_logits(logits, golden(fmt::format("logits_call{}", call)));
        if (call + 1 >= calls_) compare_logits(logits, golden("logits"));
        update(*used);
        compare_states(*used, call);
      }
    }
    void compare_states(Head& head, int64_t call) {
      const auto* module = dynamic_cast<torch::nn::Module*>(&head);
      const std::string end = fmt::format("_after_call{}", call);
      for (const auto& [full, tensor] : data_) {
        if (!full.starts_with(name_ + ".") || !full.ends_with(end)) continue;
        const std::string state = full.substr(name_.size() + 1, full.size() - name_.size() - 1 - end.size());
        if (state.find('.') != std::string::npos) continue;  // of the case's edge
        CAPTURE(full);
        REQUIRE(module);
        const auto buffers = module->named_buffers();
        REQUIRE(buffers.contains(state));
        CHECK(test::relative_error(buffers[state], tensor) < 1e-6);
      }
      if (const auto lambda = data_.find(fmt::format("{}.lambda_call{}", name_, call)); lambda != data_.end()) {
        double least = 0, first = 0, rise = 0;
        const std::string note = entry_.at("note");
        REQUIRE(std::sscanf(note.c_str() + note.find("max("), "max(%lf, %lf/(1+%lf t))", &least, &first, &rise) == 3);
        const at::Tensor count = module->named_buffers()["counted"].to(at::kDouble);
        CHECK(test::relative_error((first / (1 + rise * count)).clamp_min(least), lambda->second) < 1e-6);
      }
    }

    void loss_and_gradients() {
      const auto used = head();
      const auto matrix = classifier(*used);
      const nn::Targets targets = targets_of(case_, data_, settings_);
      at::Tensor given = embedding(), loss;
      for (int64_t call = 0; call < std::max<int64_t>(calls_, 1); ++call) {
        loss = matrix->loss(given, targets, *used, pass());
        update(*used);
      }
      loss.backward();
      CHECK(test::max_error(loss.reshape({1}), golden("loss")) < 1e-3);
      compare_gradient("grad_E", given.grad());
      compare_gradient("grad_W", matrix->weight.grad());
    }

    void compare_gradient(const std::string& which, const at::Tensor& ours) const {
      CAPTURE(which);
      const auto& counts = entry_.at("non_finite");
      const int64_t expected = counts.contains(which) ? counts.at(which).get<int64_t>() : 0;
      CHECK(golden(which).isfinite().logical_not().sum().item<int64_t>() == expected);
      CHECK(row_error(ours, golden(which)) < 2e-4);
    }

    /// Cross-entropy, term of the norms, and margins, each of its own.
    void parts_of_magface() {
      const auto used = head();
      const at::Tensor norms = embedding().detach().norm(2, {1}), labels = data_.at("labels");
      const double lambda_g = test::number_after(case_.options, "lambda_g = ");
      const at::Tensor g = dynamic_cast<ExtraLoss&>(*used).extra_loss(norms, pass()) / lambda_g;
      CHECK(test::max_error(g.reshape({1}), golden("g")) < 1e-7);
      CHECK(test::max_error(golden("loss") - lambda_g * g, golden("ce")) < 1e-3);
      const at::Tensor cosines = at::full({norms.size(0)}, 0.5, at::kDouble), wide = norms.to(at::kDouble);
      const at::Tensor phi = dynamic_cast<Margin&>(*used).target({cosines, wide, labels}, pass());
      CHECK(test::max_error(phi.acos() - cosines.acos(), golden("margin").reshape({-1})) < 1e-6);
    }

    std::string name_;
    const nlohmann::json& settings_;
    const nlohmann::json& entry_;
    const test::Tensors& data_;
    test::HeadCase case_;
    at::Tensor weight_;
    std::shared_ptr<const Draws> draws_;
    int64_t calls_ = 0;  // that were recorded one by one
    SoloCollective solo_;
    NullReporter reporter_;
  };

  TEST_CASE("heads: logits, loss, gradients and states of every case") {
    if (!test::golden_ready("heads", {"heads.json", "heads.safetensors"})) return;
    const auto settings = test::golden_json("heads.json");
    const auto data = test::golden_tensors("heads.safetensors");
    CHECK(!settings.at("cases").empty());
    for (const auto& [name, entry] : settings.at("cases").items()) {
      CAPTURE(name);
      Comparison(name, settings, data).run();
    }
  }

  TEST_CASE("heads: the mixed targets are the golden soft rows") {
    if (!test::golden_ready("heads", {"heads.json", "heads.safetensors"})) return;
    const auto settings = test::golden_json("heads.json");
    const auto data = test::golden_tensors("heads.safetensors");
    const int64_t b = settings.at("B"), c = settings.at("C");
    const at::Tensor a = data.at("labels"), lambda = torch::tensor(settings.at("mixup_lambda").get<std::vector<float>>()).unsqueeze(1);
    at::Tensor soft = at::zeros({b, c});
    soft.scatter_add_(1, a.unsqueeze(1), lambda).scatter_add_(1, partners(data.at("soft"), a).unsqueeze(1), 1 - lambda);
    CHECK(test::max_error(soft, data.at("soft")) < 1e-6);
    double smoothing = 0;
    for (const auto& [name, entry] : settings.at("cases").items()) {
      smoothing = std::max(smoothing, test::read_head_case(name, settings.at("cases")).smoothing);
    }
    CHECK(test::max_error(soft * (1 - smoothing) + smoothing / static_cast<double>(c), data.at("soft_smoothed")) < 1e-6);
  }
  }  // namespace
}
