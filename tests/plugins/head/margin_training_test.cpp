// Margin heads as the classifier uses them: plain softmax without a margin, mixed labels, running statistics, draws.
#include <cmath>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <torch/nn/module.h>
#include <torch/types.h>

#include "kernel/ranks/solo_collective.h"
#include "kernel/train/null_reporter.h"
#include "lafs/step.h"
#include "nn/layers/tree.h"
#include "nn/loss/classifier.h"
#include "nn/train/initial_values.h"
#include "support/front_door.h"
#include "support/training.h"

using namespace lafs;

namespace {

using Made = std::pair<std::string, std::string>;

constexpr int64_t batch = 6, classes = 5, width = 4;

/// Another rank whose sums are these, whatever is asked.
class OtherRank final : public SoloCollective {
 public:
  explicit OtherRank(std::vector<double> sums) : sums_(std::move(sums)) {}
  int64_t world() const override { return 2; }
  void sum(at::Tensor& tensor) override { tensor += torch::tensor(sums_, tensor.options()); }

 private:
  std::vector<double> sums_;
};

/// A head with a class matrix, an input and labels, everything in double.
struct Trained {
  explicit Trained(const Made& made) : head(test::make<Head>(made.first, made.second, classes)) {
    nn::Classifier::Options options;
    options.classes = classes;
    options.width = width;
    if (const auto* centers = dynamic_cast<SubCentered*>(head.get())) options.sub_centers = centers->sub_centers();
    options.normalised = dynamic_cast<Unnormalised*>(head.get()) == nullptr;
    options.bias = !options.normalised;
    matrix = std::make_shared<nn::Classifier>(options);
    nn::initialise(*matrix, 3);
    matrix->to(at::kDouble);
    targets.label_a = torch::tensor({0, 3, 1, 4, 2, 3});
    embedding =
        at::linspace(-2, 2.4, batch * width, at::kDouble).view({batch, width}).sin() * at::linspace(8, 60, batch, at::kDouble).unsqueeze(1);
  }

  double loss() { return matrix->loss(embedding, targets, *head, pass).item<double>(); }
  at::Tensor logits() { return matrix->logits(embedding, targets, *head, pass).detach(); }
  void mix(const at::Tensor& label_b, double lambda) {
    targets.label_b = label_b;
    targets.lambda = at::full({batch}, lambda);
  }
  void update() {
    const at::NoGradGuard no_grad;
    NullReporter reporter;
    dynamic_cast<Statistical&>(*head).after_update({{}, 0, 1, nullptr, collective, reporter});
  }
  at::Tensor buffer(const std::string& name) const {
    return std::dynamic_pointer_cast<torch::nn::Module>(head)->named_buffers()[name].clone();
  }

  std::shared_ptr<Head> head;
  std::shared_ptr<nn::Classifier> matrix;
  nn::Targets targets;
  at::Tensor embedding;
  SoloCollective collective;
  Pass pass{true, nullptr, nullptr};
};

const std::vector<Made> margins{{"cosface", ""},
                                {"arcface", ""},
                                {"normalised_softmax", ""},
                                {"softmax", ""},
                                {"combined", "filter = 0.1"},
                                {"combined", "m1 = 0.9\nm2 = 0.3\nm3 = 0.15\nformula = \"sum\""},
                                {"adaface", ""},
                                {"curricularface", ""},
                                {"magface", ""},
                                {"sphereface", ""},
                                {"elasticface", "plus = true"},
                                {"subcenter_arcface", ""},
                                {"mv_softmax", ""},
                                {"arcneg", ""},
                                {"circle", ""},
                                {"npcface", ""},
                                {"adacos", ""}};

}  // namespace

TEST_CASE("heads: without a margin they are the softmax of scaled cosines") {
  const double plain = Trained({"normalised_softmax", ""}).loss();
  for (const Made& made : std::vector<Made>{{"cosface", "margin = 0.0"},
                                            {"arcface", "margin = 0.0"},
                                            {"arcface", "margin = 0.0\nformulation = \"trig\""},
                                            {"subcenter_arcface", "centers = 1\nmargin = 0.0"},
                                            {"combined", "m2 = 0.0"},
                                            {"combined", "m2 = 0.0\nformula = \"sum\""},
                                            {"adaface", "margin = 0.0"},
                                            {"magface", "lower_margin = 0.0\nupper_margin = 0.0\nlambda_g = 0.0"},
                                            {"sphereface", "margin = 1.0\nscale = 64.0"},
                                            {"elasticface", "margin = 0.0\nsigma = 0.0"},
                                            {"elasticface", "margin = 0.0\nsigma = 0.0\nrule = \"cos\""},
                                            {"mv_softmax", "margin = 0.0\nt = 1.0\nscale = 64.0"},
                                            {"npcface", "m0 = 0.0\nm1 = 0.0\nt = 1.0\na = 0.0"}}) {
    CAPTURE(made.first);
    CAPTURE(made.second);
    CHECK(Trained(made).loss() == doctest::Approx(plain).epsilon(1e-9));
  }
}

TEST_CASE("softmax: a linear layer and its cross-entropy") {
  Trained made({"softmax", ""});
  const at::NoGradGuard no_grad;
  made.matrix->bias.copy_(at::linspace(-1, 1, classes, at::kDouble));
  const at::Tensor logits = at::linear(made.embedding, made.matrix->weight, made.matrix->bias);
  CHECK(at::allclose(made.logits(), logits, 1e-12, 1e-12));
  CHECK(made.loss() == doctest::Approx(at::cross_entropy_loss(logits, made.targets.label_a).item<double>()));
  CHECK_FALSE(test::make<Head>("softmax", "", int64_t{5})->clamp_cosines());
}

TEST_CASE("heads: mixed labels that are one label, or have all the weight on one, are hard labels") {
  const at::Tensor other = torch::tensor({1, 2, 4, 0, 3, 0});
  for (const Made& made : margins) {
    CAPTURE(made.first);
    CAPTURE(made.second);
    const double hard = Trained(made).loss();
    Trained same(made), first(made), second(made);
    same.mix(same.targets.label_a, 0.3);
    CHECK(same.loss() == doctest::Approx(hard).epsilon(1e-9));
    first.mix(other, 1);
    CHECK(first.loss() == doctest::Approx(hard).epsilon(1e-9));
    second.mix(second.targets.label_a, 0);
    second.targets.label_a = other;
    CHECK(second.loss() == doctest::Approx(hard).epsilon(1e-9));
  }
}

TEST_CASE("heads: at equal weights each label has half of its margin") {
  const at::Tensor other = torch::tensor({1, 2, 4, 0, 3, 0});
  for (const Made& made : margins) {
    CAPTURE(made.first);
    CAPTURE(made.second);
    if (dynamic_cast<ChangesNegatives*>(Trained(made).head.get())) continue;  // what is beside the margin depends on the label
    Trained a(made), b(made), mixed(made);
    b.targets.label_a = other;
    mixed.mix(other, 0.5);
    a.pass.training = b.pass.training = mixed.pass.training = false;  // the same statistics
    const at::Tensor half = mixed.logits(), of_a = a.logits(), of_b = b.logits();
    const auto at_label = [](const at::Tensor& z, const at::Tensor& label) { return z.gather(1, label.unsqueeze(1)); };
    // Of one label alone the other's column is the plain cosine.
    CHECK(at::allclose(2 * at_label(half, mixed.targets.label_a),
                       at_label(of_a, mixed.targets.label_a) + at_label(of_b, mixed.targets.label_a), 1e-9, 1e-9));
    CHECK(at::allclose(2 * at_label(half, other), at_label(of_a, other) + at_label(of_b, other), 1e-9, 1e-9));
  }
}

TEST_CASE("adaface: the running mean and deviation of the norms (heads.md 3.7)") {
  const auto head = test::make<Head>("adaface", "", int64_t{10});
  const at::Tensor norms = torch::tensor({10.0, 20.0, 30.0, 25.0}, at::kDouble), cosines = at::zeros({4}, at::kDouble);
  const at::Tensor labels = at::zeros({4}, at::kLong);
  const Pass training{true, nullptr};
  dynamic_cast<Statistical&>(*head).observe({cosines, norms, labels}, training);
  const at::Tensor k = torch::tensor({-0.0336490, -0.0000420, 0.0335650, 0.0167615}, at::kDouble);
  const at::Tensor phi = (std::acos(0.0) - 0.4 * k).cos() - (0.4 + 0.4 * k);
  const at::Tensor found = dynamic_cast<Margin&>(*head).target({cosines, norms, labels}, training);
  CHECK((found - phi).abs().max().item<double>() < 1e-7);
  auto* module = dynamic_cast<torch::nn::Module*>(head.get());
  CHECK(module->named_buffers()["batch_mean"].item<double>() == 20);
  SoloCollective collective;
  NullReporter reporter;
  const at::NoGradGuard no_grad;
  dynamic_cast<Statistical&>(*head).after_update({{}, 0, 1, nullptr, collective, reporter});
  CHECK(module->named_buffers()["batch_mean"].item<double>() == doctest::Approx(20.0125).epsilon(1e-7));
  CHECK(module->named_buffers()["batch_std"].item<double>() == doctest::Approx(99.085391).epsilon(1e-7));
}

TEST_CASE("heads: statistics move by the mean over micro-batches, once a step; published t and count by each") {
  const auto moved = [](const Made& made, const std::string& name, int64_t micro_batches) {
    Trained trained(made);
    const at::Tensor before = trained.buffer(name);
    for (int64_t i = 0; i < micro_batches; ++i) trained.loss();
    CHECK(at::equal(trained.buffer(name), before));
    trained.update();
    return (trained.buffer(name) - before).item<double>();
  };
  for (const auto& [made, name] : std::vector<std::pair<Made, std::string>>{{{"adaface", ""}, "batch_mean"},
                                                                            {{"adaface", ""}, "batch_std"},
                                                                            {{"curricularface", "t_from = \"all_ranks\""}, "t"},
                                                                            {{"adacos", ""}, "s"},
                                                                            {{"sphereface", "counts = \"steps\""}, "counted"}}) {
    CAPTURE(made.first);
    CHECK(moved(made, name, 1) != 0);
    CHECK(moved(made, name, 3) == doctest::Approx(moved(made, name, 1)));
  }
  const double once = moved({"curricularface", ""}, "t", 1);
  CHECK(moved({"curricularface", ""}, "t", 2) == doctest::Approx(once * 1.99).epsilon(1e-5));
  CHECK(moved({"sphereface", ""}, "counted", 3) == 3);
}

TEST_CASE("heads: a pass that does not train moves no statistics") {
  for (const Made& made : std::vector<Made>{{"adaface", ""}, {"curricularface", ""}, {"adacos", ""}, {"sphereface", ""}}) {
    CAPTURE(made.first);
    Trained trained(made);
    trained.pass.training = false;
    const double first = trained.loss();
    const std::string name = std::dynamic_pointer_cast<torch::nn::Module>(trained.head)->named_buffers().keys()[0];
    const at::Tensor before = trained.buffer(name);
    if (made.first != "sphereface") trained.update();
    CHECK(at::equal(trained.buffer(name), before));
    CHECK(trained.loss() == first);
  }
}

TEST_CASE("curricularface: the corrected t is the mean of all ranks, the published one this rank's") {
  const auto t_beside = [](const std::string& options) {
    Trained trained({"curricularface", options});
    OtherRank other({2, 1.8, 1.62});  // two rows of cosine 0.9
    trained.pass.collective = &other;
    trained.loss();
    trained.update();
    return 100 * trained.buffer("t").item<double>();
  };
  Trained alone({"normalised_softmax", "scale = 1.0"});
  const double own = alone.logits().gather(1, alone.targets.label_a.unsqueeze(1)).mean().item<double>();
  CHECK(t_beside("") == doctest::Approx(own).epsilon(1e-5));
  CHECK(t_beside("t_from = \"all_ranks\"") == doctest::Approx((batch * own + 1.8) / (batch + 2)).epsilon(1e-5));
}

TEST_CASE("heads: with its saved state a head gives the same loss") {
  for (const Made& made : std::vector<Made>{{"adaface", ""}, {"curricularface", ""}, {"sphereface", ""}, {"adacos", ""}}) {
    CAPTURE(made.first);
    Trained trained(made), restored(made), fresh(made);
    for (int i = 0; i < 3; ++i) trained.loss(), trained.update();
    {
      const at::NoGradGuard no_grad;
      nn::copy_state(*std::dynamic_pointer_cast<torch::nn::Module>(trained.head),
                     *std::dynamic_pointer_cast<torch::nn::Module>(restored.head));
    }
    const double here = trained.loss();
    CHECK(restored.loss() == here);
    CHECK(fresh.loss() != here);
  }
}

TEST_CASE("adacos: the scale starts from the identities and follows the batch") {
  Trained trained({"adacos", ""}), fixed({"adacos", "dynamic = false"}), plain({"normalised_softmax", "scale = 1.0"});
  const double first = std::sqrt(2.0) * std::log(classes - 1.0);
  CHECK(dynamic_cast<Margin&>(*trained.head).scale() == doctest::Approx(first));
  const at::Tensor cosines = plain.logits(), label = plain.targets.label_a.unsqueeze(1), target = cosines.gather(1, label);
  const double sum = (first * cosines).exp().scatter(1, label, 0).sum(1).mean().item<double>();
  const double median = std::min(std::acos(std::get<0>(target.squeeze(1).sort(0, true))[2].item<double>()), std::acos(std::sqrt(0.5)));
  const double next = std::log(sum) / std::cos(median);
  CHECK(at::allclose(trained.logits(), next * cosines, 1e-5, 1e-6));
  CHECK(at::allclose(fixed.logits(), first * cosines, 1e-5, 1e-6));
  trained.update();
  CHECK(trained.buffer("s").item<double>() == doctest::Approx(next).epsilon(1e-5));
}

TEST_CASE("elasticface: margins are drawn by row; plus gives small ones to easy samples, the published code by mistake to others") {
  const at::Tensor cosines = torch::tensor({0.1, 0.9, 0.5}, at::kDouble), ones = at::ones({3}, at::kDouble),
                   labels = at::zeros({3}, at::kLong);
  const auto margins_of = [&](const std::string& options, const std::shared_ptr<const Draws>& draws) {
    const auto head = test::make<Head>("elasticface", "rule = \"cos\"\nmargin = 0.35\n" + options, int64_t{3});
    return cosines - dynamic_cast<Margin&>(*head).target({cosines, ones, labels}, {true, draws});
  };
  const auto draws = std::make_shared<test::HandDraws>(std::vector<int64_t>{4, 7, 9});
  const at::Tensor drawn = 0.35 + 0.05 * draws->normal("margin", {}).to(at::kDouble);
  const at::Tensor sorted = std::get<0>(drawn.sort());
  CHECK(at::allclose(margins_of("", draws), drawn, 1e-12, 1e-12));
  CHECK(at::allclose(margins_of("plus = true\nplus_order = \"rank\"", draws), sorted.index_select(0, torch::tensor({2, 0, 1})), 1e-12,
                     1e-12));
  CHECK(at::allclose(margins_of("plus = true", draws), sorted.index_select(0, torch::tensor({1, 2, 0})), 1e-12, 1e-12));
  CHECK(at::allclose(margins_of("", nullptr), at::full({3}, 0.35, at::kDouble), 1e-12, 1e-12));
}
