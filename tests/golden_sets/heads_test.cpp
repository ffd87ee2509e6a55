#include <algorithm>
#include <string>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <torch/types.h>

#include "nn/loss/classifier.h"
#include "support/front_door.h"
#include "support/golden.h"

// CosFace and ArcFace of several sources (golden README, set 6): logits 1e-4 (edge rows of acos and square roots 2e-2), loss 1e-3,
// gradients 2e-4 of the row's largest.
TEST_SUITE("heads") {
  namespace {  // suites of several files share a name of doctest's making
  using namespace lafs;

  struct Case {
    std::string plugin, options;
    double floor = 0, smoothing = 0, logit_limit = 1e-4;
    bool soft = false, minus1 = false;
  };

  /// What the name of a case says about head, labels and cross-entropy, and its note about the numbers.
  Case read_case(const std::string& name, const std::string& note, double scale) {
    Case c;
    const auto noted = [&](const char* mark) { return note.find(mark) != std::string::npos; };
    const auto has = [&](const char* part) { return name.find(part) != std::string::npos; };
    c.plugin = name.starts_with("cosface") ? "cosface" : "arcface";
    c.options = fmt::format("scale = {}\n", scale);
    if (noted(", m ")) c.options += fmt::format("margin = {}\n", test::number_after(note, ", m "));
    if (noted("eps ")) c.options += fmt::format("eps = {}\n", test::number_after(note, "eps "));
    if (has("insightface")) c.floor = 1e-30;
    if (c.plugin == "cosface") c.options += has("insightface") ? "clamp = true" : "clamp = false";
    if (has("arcface_trig")) c.options += "formulation = \"trig\"\nsafe = false";
    if (has("arcface_acos")) c.options += "formulation = \"acos\"";
    if (c.plugin == "arcface" && has(".edge")) c.logit_limit = 2e-2;
    if (noted("smoothing ")) c.smoothing = test::number_after(note, "smoothing ");
    c.soft = has("_soft") || c.smoothing > 0;
    c.minus1 = has("_minus1");
    return c;
  }

  /// The second label of each soft row: its other class, or the same one where the partner shares the identity.
  at::Tensor partners(const at::Tensor& soft, const at::Tensor& labels) {
    const auto [weight, other] = soft.scatter(1, labels.unsqueeze(1), 0).max(1);
    return at::where(weight > 0, other, labels);
  }

  nn::Targets targets_of(const Case& c, const test::Tensors& data, const nlohmann::json& settings) {
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
    if (b.numel() == 0) return 0;
    const at::Tensor size = b.abs().amax(1).clamp_min(1e-6 * b.abs().max().item<double>());
    const double error = ((a - b).abs().amax(1) / size).max().item<double>();
    return error == error ? error : INFINITY;
  }

  TEST_CASE("heads: logits, loss and gradients of every cosface and arcface case") {
    if (!test::golden_ready("heads", {"heads.json", "heads.safetensors"})) return;
    const auto settings = test::golden_json("heads.json");
    const auto data = test::golden_tensors("heads.safetensors");
    size_t compared = 0;
    for (const auto& [name, entry] : settings.at("cases").items()) {
      if (!name.starts_with("cosface_") && !name.starts_with("arcface_")) continue;
      CAPTURE(name);
      const Case c = read_case(name, entry.at("note"), settings.at("scale"));
      const auto head = test::make<Head>(c.plugin, c.options, data.at("W").size(0));
      nn::Classifier::Options options;
      options.classes = settings.at("C");
      options.width = settings.at("d");
      options.probability_floor = c.floor;
      nn::Classifier classifier(options);
      {
        const at::NoGradGuard no_grad;
        classifier.weight.copy_(data.at("W"));
      }
      const at::Tensor embedding = data.at(entry.at("input").get<std::string>()).clone().requires_grad_(true);
      const nn::Targets targets = targets_of(c, data, settings);
      CHECK(test::max_error(classifier.logits(embedding, targets, *head, {}), data.at(name + ".logits")) < c.logit_limit);
      const at::Tensor loss = classifier.loss(embedding, targets, *head, {});
      CHECK(test::max_error(loss.reshape({1}), data.at(name + ".loss")) < 1e-3);
      loss.backward();
      CHECK(row_error(embedding.grad(), data.at(name + ".grad_E")) < 2e-4);
      CHECK(row_error(classifier.weight.grad(), data.at(name + ".grad_W")) < 2e-4);
      ++compared;
    }
    CHECK(compared > 0);
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
      if (name.starts_with("cosface_")) smoothing = std::max(smoothing, read_case(name, entry.at("note"), 1).smoothing);
    }
    CHECK(test::max_error(soft * (1 - smoothing) + smoothing / static_cast<double>(c), data.at("soft_smoothed")) < 1e-6);
  }
  }  // namespace
}
