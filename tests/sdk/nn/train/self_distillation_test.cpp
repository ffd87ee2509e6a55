#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <torch/types.h>

#include "nn/layers/tree.h"
#include "nn/train/self_distillation.h"
#include "support/rule_numbers.h"
#include "support/training.h"

using namespace lafs;
using namespace lafs::nn;

namespace {

/// Views that are tokens already: groups "global" and "local" of a batch hold [V,B,N,P].
class OnTokens final : public SelfDistillation {
 public:
  using SelfDistillation::SelfDistillation;
  std::vector<ViewNeed> required_views() const override { return needs({"global"}, {"local"}); }

  int64_t views_too_many = 0, first_too_far = 0;  ///< what is wrongly said of the local views

 private:
  std::vector<Crops> crops(const Batch& batch, const Step&) override {
    const at::Tensor global = batch.views("global"), local = batch.views("local");
    return {{view_rows(global), {}, global.size(0), 0},
            {view_rows(local), {}, local.size(0) + views_too_many, global.size(0) + first_too_far}};
  }
  at::Tensor encode(Backbone& backbone, const Crops& crops, const Pass& pass) override {
    return dynamic_cast<Tokenised&>(backbone).forward_tokens(crops.input, crops.position_rows, pass);
  }
};

/// The tiny model of pretraining.md B.3.
struct Tiny {
  test::HandAssembly assembly;
  std::shared_ptr<OnTokens> objective;
  test::HandStep hand;
  std::vector<std::pair<std::string, at::Tensor>> student;  ///< names without "backbone." and "head."
  std::vector<std::shared_ptr<test::HandGroup>> groups;
  std::shared_ptr<Optimizer> optimizer;
  int64_t clipped = 0;

  Tiny() {
    assembly.backbone_use =
        test::use<Backbone>("fvit", "dim = 32\ndepth = 2\nheads = 3\nmlp_dim = 64\ndropout = 0\nemb_dropout = 0\ndrop_path = 0");
    assembly.projector_use = test::use<Projector>("dino_head", "hidden = 48\nbottleneck = 16\noutputs = 64");
    DistillationOptions options;
    options.teacher_temperature.shape = "epoch_linear";
    options.teacher_temperature.warmup_from = 0.07;
    options.teacher_temperature.warmup_epochs = 2;
    options.momentum_teacher = cosine(0.9, 1);
    objective = std::make_shared<OnTokens>(options, assembly);
    for (const char* part : {"backbone", "head"}) {
      const auto module = submodule(*objective, fmt::format("student.{}", part));
      test::fill_by_rule(*module);
      for (const auto& [name, parameter] : parameters_of(*module)) {
        if (parameter.requires_grad()) student.emplace_back(name, parameter);
      }
    }
    const at::NoGradGuard no_grad;
    objective->start();
    ParameterGroups all;
    for (const bool decayed : {true, false}) {
      auto group = std::make_shared<test::HandGroup>();
      for (const auto& [name, parameter] : student) {
        if ((parameter.dim() > 1) != decayed) continue;
        group->named.push_back(name);
        group->tensors.push_back(parameter);
      }
      groups.push_back(group);
      all.push_back(group);
    }
    optimizer = test::make<Optimizer>("adamw", "", all);
    hand.step.time = {0, 0, 6, 6, 2, 3, 4, 2};
  }

  static test::HandBatch batch(int64_t it) {
    const auto tokens = [it](const std::string& key, int64_t count) {
      return test::rule_tensor(fmt::format("{}_{}", key, it), {2, count, 192}).to(at::kFloat);
    };
    test::HandBatch out;
    out.groups["global"] = at::stack({tokens("g0", 196), tokens("g1", 196)});
    std::vector<at::Tensor> locals;
    for (int v = 0; v < 8; ++v) locals.push_back(tokens(fmt::format("l{}", v), 36));
    out.groups["local"] = at::stack(locals);
    out.identities = torch::zeros({2}, at::kLong);
    return out;
  }

  at::Tensor tensor(const std::string& name) const { return find_tensor(*objective, name); }
  double norm(const std::string& name) const { return tensor(name).to(at::kDouble).norm().item<double>(); }

  double step(int64_t it) {
    hand.step.time.index = it;
    hand.step.time.epoch = it / 2;
    const at::Tensor loss = objective->loss(batch(it), hand.step);
    loss.backward();
    clipped = 0;
    for (const auto& [name, parameter] : student) {
      const double factor = 0.02 / (parameter.grad().to(at::kDouble).norm().item<double>() + 1e-6);
      if (factor >= 1) continue;
      parameter.mutable_grad().mul_(factor);
      ++clipped;
    }
    const at::NoGradGuard no_grad;
    objective->before_update(hand.step);
    Schedule lr = cosine(0.005, 1e-4, 1), decay = cosine(0.04, 0.4);
    groups[0]->decay = decay.at(hand.step.time);
    for (const auto& group : groups) group->rate = lr.at(hand.step.time);
    optimizer->step();
    objective->zero_grad(true);
    objective->after_update(hand.step);
    return loss.item<double>();
  }
};

}  // namespace

TEST_CASE("self_distillation: views that are not counted right are an error") {
  Tiny tiny;
  tiny.objective->views_too_many = 1;
  CHECK_THROWS_WITH_AS(tiny.objective->loss(Tiny::batch(0), tiny.hand.step), "9 views of 2 pictures have 16 rows", Error);
  tiny.objective->views_too_many = 0;
  tiny.objective->first_too_far = 2;
  CHECK_THROWS_WITH_AS(tiny.objective->loss(Tiny::batch(0), tiny.hand.step), "views from 4 on follow 2 views", Error);
}

TEST_CASE("self_distillation: the six steps of pretraining.md B.3") {
  struct Row {
    double loss, centre;
    int64_t clipped;
    double positions, prototypes, teacher;
  };
  const std::vector<Row> rows{
      {2.930422, 0.199135, 35, 23.039625, 8.031572, 23.039625}, {3.037090, 0.382752, 35, 23.034182, 8.031572, 23.038961},
      {1.104927, 0.552130, 32, 23.020658, 8.029682, 23.037262}, {1.354406, 0.707284, 35, 23.000025, 8.026027, 23.035080},
      {0.686582, 0.849325, 27, 22.982023, 8.022593, 23.033569}, {0.771200, 0.978465, 11, 22.974977, 8.021168, 23.033127}};
  Tiny tiny;
  for (size_t it = 0; it < rows.size(); ++it) {
    CAPTURE(it);
    const Row& row = rows[it];
    CHECK(std::abs(tiny.step(static_cast<int64_t>(it)) - row.loss) < 1e-4);
    CHECK(std::abs(tiny.norm("center") - row.centre) < 1e-4);
    CHECK(std::abs(tiny.clipped - row.clipped) <= 1);
    CHECK(std::abs(tiny.norm("student.backbone.pos_embedding") - row.positions) < 1e-4);
    CHECK(std::abs(tiny.norm("student.head.last_layer.weight_v") - row.prototypes) < 1e-4);
    CHECK(std::abs(tiny.norm("teacher.backbone.pos_embedding") - row.teacher) < 1e-4);
  }
  CHECK(std::abs(tiny.tensor("student.backbone.cls_token")[0][0][0].item<double>() - 0.02573) < 1e-4);
  CHECK(std::abs(tiny.tensor("teacher.backbone.cls_token")[0][0][0].item<double>() - 0.03071) < 1e-4);
  CHECK(std::abs(tiny.tensor("center")[0][0].item<double>() - 0.15564) < 1e-4);
}

TEST_CASE("self_distillation: the prototypes have no gradient in the frozen epochs and one afterwards") {
  Tiny tiny;
  const auto has_gradient = [&](int64_t epoch) {
    tiny.hand.step.time.epoch = epoch;
    tiny.objective->loss(Tiny::batch(0), tiny.hand.step).backward();
    const at::NoGradGuard no_grad;
    tiny.objective->before_update(tiny.hand.step);
    const bool found = tiny.tensor("student.head.last_layer.weight_v").grad().defined();
    CHECK(tiny.tensor("student.backbone.cls_token").grad().defined());
    tiny.objective->zero_grad(true);
    return found;
  };
  CHECK(!has_gradient(0));
  CHECK(has_gradient(1));
}

TEST_CASE("self_distillation: the teacher is frozen, moves every parameter and keeps its share of itself") {
  Tiny tiny;
  for (const auto& [name, parameter] : parameters_of(*submodule(*tiny.objective, "teacher"))) CHECK(!parameter.requires_grad());
  const at::NoGradGuard no_grad;
  for (const auto& [name, parameter] : parameters_of(*submodule(*tiny.objective, "student"))) parameter.add_(1);
  std::map<std::string, at::Tensor> before;
  for (const auto& [name, parameter] : parameters_of(*submodule(*tiny.objective, "teacher"))) before[name] = parameter.clone();
  tiny.hand.step.time.index = 0;  // momentum 0.9
  tiny.objective->after_update(tiny.hand.step);
  for (const auto& [name, parameter] : parameters_of(*submodule(*tiny.objective, "teacher"))) {
    CAPTURE(name);
    CHECK((parameter - before.at(name) - 0.1).abs().max().item<double>() < 1e-5);
  }
  CHECK(tiny.norm("center") == 0);  // no logits were seen
}

TEST_CASE("self_distillation: the centre of accumulated micro-batches is that of one large batch") {
  const auto centre = [](bool accumulated) {
    Tiny tiny;
    const test::HandBatch a = Tiny::batch(0), b = Tiny::batch(1);
    if (accumulated) {
      tiny.hand.step.micro_batches = 2;
      tiny.objective->loss(a, tiny.hand.step);
      tiny.hand.step.micro_batch = 1;
      tiny.objective->loss(b, tiny.hand.step);
    } else {
      test::HandBatch both = a;
      for (const char* group : {"global", "local"}) both.groups[group] = at::cat({a.views(group), b.views(group)}, 1);
      both.identities = torch::zeros({4}, at::kLong);
      tiny.objective->loss(both, tiny.hand.step);
    }
    const at::NoGradGuard no_grad;
    tiny.objective->after_update(tiny.hand.step);
    return tiny.tensor("center").clone();
  };
  const at::Tensor at_once = centre(false);
  CHECK(at_once.norm().item<double>() > 0.1);
  CHECK((centre(true) - at_once).abs().max().item<double>() < 1e-6);
}

TEST_CASE("self_distillation: it reports schedules, entropy, its limit, the centre's norm and agreement, and warns of a collapse") {
  Tiny tiny;
  tiny.objective->loss(Tiny::batch(0), tiny.hand.step);
  const auto& values = tiny.hand.reporter.values;
  CHECK(values.at("ln_prototypes") == doctest::Approx(std::log(64.0)));
  CHECK(values.at("teacher_entropy") > 0);
  CHECK(values.at("teacher_entropy") < values.at("ln_prototypes"));
  CHECK(values.at("center_norm") == 0);
  CHECK(values.at("teacher_temp") > 0);
  CHECK(values.at("teacher_momentum") > 0.5);
  CHECK(values.at("agreement") == 1);  // the teacher still is the student
  const at::NoGradGuard no_grad;
  tiny.hand.step.time.index = 50;
  tiny.hand.step.time.steps = 1000;
  tiny.objective->after_update(tiny.hand.step);
  CHECK(tiny.hand.reporter.notes.empty());
  for (const auto& [name, parameter] : parameters_of(*submodule(*tiny.objective, "teacher.head.last_layer"))) parameter.fill_(1);
  tiny.tensor("center").zero_();
  tiny.objective->loss(Tiny::batch(0), tiny.hand.step);
  tiny.objective->after_update(tiny.hand.step);
  REQUIRE(tiny.hand.reporter.notes.size() == 1);
  CHECK(tiny.hand.reporter.values.contains("prototypes_named") == (Tiny::batch(0).size() * 2 >= 8));
  CHECK(tiny.hand.reporter.notes[0] == "the teacher may have collapsed: it says the same of every picture (entropy 4.1589 of 4.1589)");
}
