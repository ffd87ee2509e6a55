#include "nn/train/two_views.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <torch/types.h>

#include "support/error_of.h"
#include "support/two_view_task.h"

using namespace lafs;
using test::TwoViewTask;

namespace {

/// Keeps what it compares.
class Joint final : public nn::JointEmbedding {
 public:
  using nn::JointEmbedding::JointEmbedding;
  at::Tensor first, second;

 private:
  at::Tensor compare(const at::Tensor& a, const at::Tensor& b, const Step&) override {
    first = a;
    second = b;
    return (a * b).sum();
  }
};

class Momentum final : public nn::MomentumTeacher {
 public:
  using nn::MomentumTeacher::MomentumTeacher;
  std::vector<at::Tensor> predictions, targets;

 private:
  at::Tensor compare(const at::Tensor& prediction, const at::Tensor& target, const Step&) override {
    predictions.push_back(prediction);
    targets.push_back(target);
    return (prediction * target).sum();
  }
};

const std::string projector_with_norms = "hidden = 10\noutputs = 6\nlast_norm = \"plain\"";

TwoViewTask joint(bool together, const std::string& projector = "") {
  return TwoViewTask([&](Assembly& assembly) {
    if (!projector.empty()) static_cast<test::PlainAssembly&>(assembly).projector_use = test::use<Projector>("mlp", projector);
    return std::make_shared<Joint>(nn::TwoViews::Options(), assembly, together);
  });
}

TwoViewTask momentum(Schedule schedule, const std::string& projector = projector_with_norms) {
  return TwoViewTask([&](Assembly& assembly) {
    static_cast<test::PlainAssembly&>(assembly).projector_use = test::use<Projector>("mlp", projector);
    nn::MomentumTeacher::Options options;
    options.predictor = test::use<Projector>("mlp", "hidden = 10\noutputs = 6");
    options.momentum_teacher = schedule;
    return std::make_shared<Momentum>(options, assembly);
  });
}

std::vector<std::string> parts_of(const TwoViewTask& task) {
  std::vector<std::string> parts;
  for (const auto& [name, tensor] : nn::state_of(*task.objective->module())) {
    const bool twin = name.starts_with("student.") || name.starts_with("teacher.");
    const std::string part = name.substr(0, name.find('.', twin ? 8 : 0));
    if (parts.empty() || parts.back() != part) parts.push_back(part);
  }
  return parts;
}

}  // namespace

TEST_CASE("two views: the trees, and the network that evaluation uses") {
  const TwoViewTask one = joint(false, projector_with_norms), two = momentum(0.9);
  CHECK(parts_of(one) == std::vector<std::string>{"backbone", "head"});
  CHECK(one.objective->encoder() == "backbone");
  CHECK(parts_of(two) ==
        std::vector<std::string>{"student.backbone", "student.head", "student.predictor", "teacher.backbone", "teacher.head"});
  CHECK(two.objective->encoder() == "student.backbone");
}

TEST_CASE("two views: two global views are needed, and neither more nor local ones") {
  const std::vector<ViewNeed> needs = joint(false).objective->required_views();
  REQUIRE(needs.size() == 2);
  CHECK((needs[0].group == "global" && needs[0].at_least == 2 && needs[0].at_most == 2));
  CHECK((needs[1].group == "local" && needs[1].at_least == 0 && needs[1].at_most == 0));
}

TEST_CASE("two views: a norm sees both views at once, or each by itself") {
  for (const bool together : {false, true}) {
    TwoViewTask task = joint(together, projector_with_norms);
    at::Tensor z = test::drawn_projections();
    z[1].mul_(2).add_(1);
    task.value(z);
    const auto& seen = dynamic_cast<Joint&>(*task.objective);
    const auto far_from_zero = [](const at::Tensor& sums) { return sums.abs().max().item<double>() > 1e-3; };
    CHECK_FALSE(far_from_zero((seen.first + seen.second).sum(0)));
    CHECK(far_from_zero(seen.first.sum(0)) == together);
  }
}

TEST_CASE("two views: the teacher starts as the student, and has no gradient") {
  TwoViewTask task = momentum(0.9);
  for (const auto& [name, parameter] : nn::parameters_of(*nn::submodule(*task.objective->module(), "teacher"))) {
    CAPTURE(name);
    CHECK(at::equal(parameter, task.of("student." + name)));
    CHECK_FALSE(parameter.requires_grad());
  }
  task.gradient(test::drawn_projections());
  auto& seen = dynamic_cast<Momentum&>(*task.objective);
  REQUIRE(seen.targets.size() == 2);
  CHECK_FALSE(seen.targets[0].requires_grad());
  CHECK(seen.predictions[0].requires_grad());
}

TEST_CASE("two views: a view is compared with what the teacher says of the other") {
  TwoViewTask task = momentum(0.9, "layers = 1\noutputs = 6");
  const at::Tensor z = test::drawn_projections();
  task.value(z);
  const auto& seen = dynamic_cast<Momentum&>(*task.objective);
  const at::Tensor weight = task.of("teacher.head.0.weight");
  CHECK(at::allclose(seen.targets[0], z[1].mm(weight.t()), 1e-9));
  CHECK(at::allclose(seen.targets[1], z[0].mm(weight.t()), 1e-9));
}

TEST_CASE("two views: the teacher is the exact moving average of the student, and keeps running statistics of its own") {
  TwoViewTask task = momentum(cosine(0.5, 1));
  const at::NoGradGuard no_grad;
  test::HandStep hand;
  hand.step.time.total = 4;
  nn::NamedTensors wanted;
  for (const auto& [name, value] : nn::parameters_of(*nn::submodule(*task.objective->module(), "teacher"))) {
    wanted.emplace_back(name, value.clone());
  }
  for (hand.step.time.index = 0; hand.step.time.index < 3; ++hand.step.time.index) {
    task.value(test::drawn_projections(8, 6, static_cast<uint64_t>(hand.step.time.index)));
    const double keep = cosine(0.5, 1)(hand.step);
    for (auto& [name, average] : wanted) {
      task.of("student." + name).mul_(1.25).add_(0.1);
      average = average * keep + task.of("student." + name) * (1 - keep);
    }
    task.objective->after_update(hand.step);
  }
  for (const auto& [name, average] : wanted) {
    CAPTURE(name);
    CHECK(at::allclose(task.of("teacher." + name), average, 1e-12, 1e-12));
  }
  CHECK(task.of("teacher.head.1.num_batches_tracked").item<int64_t>() == 6);
  CHECK_FALSE(at::allclose(task.of("teacher.head.1.running_mean"), task.of("student.head.1.running_mean")));
}

TEST_CASE("two views: signs of a collapse are reported, and said in the log") {
  TwoViewTask task = joint(false);
  test::HandStep hand;
  hand.step.time.steps = 1000;
  const auto note_after = [&](const at::Tensor& z, int64_t index) {
    hand.reporter.notes.clear();
    task.value(z);
    hand.step.time.index = index;
    task.objective->after_update(hand.step);
    return hand.reporter.notes.empty() ? std::string() : hand.reporter.notes[0];
  };
  const at::Tensor z = test::drawn_projections(), one = at::ones({2, 8, 6}, at::kDouble);
  CHECK(note_after(z, 50).empty());
  for (const char* name : {"projection_spread", "projection_dimensions", "view_similarity", "pairs_found"}) {
    CHECK(task.reporter.values.contains(name));
  }
  CHECK(note_after(one, 50) == "the projections may have collapsed: all pictures have nearly the same one (spread 0.0000 of 1)");
  CHECK(note_after(one, 49).empty());
  CHECK(note_after(one, 0).empty());
  const at::Tensor line = one * at::tensor({1., -1., 1., -1., 1., -1., 1., -1.}, at::kDouble).view({8, 1});
  CHECK(note_after(line, 100) == "the projections may have collapsed: they differ along one line only (1.00 dimensions)");
}

TEST_CASE("two views: a batch of one picture is refused") {
  test::PlainAssembly assembly;
  assembly.batch = 1;
  CHECK(test::error_of([&] { Joint(nn::TwoViews::Options(), assembly); }) ==
        "a batch of one picture has nothing to be compared with; raise [run] batch");
}
