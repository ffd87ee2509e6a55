#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "support/training.h"

using namespace lafs;

namespace {

struct Names final : StateVisitor {
  std::map<std::string, at::Tensor> seen;
  std::map<std::string, bool> shaped_by_name;
  void tensor(const std::string& parameter, const std::string& slot, at::Tensor& value, bool shaped) override {
    seen.emplace(parameter + "." + slot, value);
    shaped_by_name.emplace(parameter + "." + slot, shaped);
  }
};

std::shared_ptr<test::HandGroup> group_of(double rate, double decay, std::vector<std::string> names,
                                          const std::vector<std::vector<int64_t>>& shapes) {
  auto group = std::make_shared<test::HandGroup>();
  group->rate = rate;
  group->decay = decay;
  group->named = std::move(names);
  for (const auto& shape : shapes) group->tensors.push_back(torch::randn(shape).requires_grad_(true));
  return group;
}

void give_gradients(test::HandGroup& group) {
  for (at::Tensor& p : group.tensors) p.mutable_grad() = torch::randn_like(p);
}

/// AdamW of pretraining.md 7.1 in double, one parameter.
struct NaiveAdamW {
  at::Tensor p, m, v;
  int step = 0;
  explicit NaiveAdamW(const at::Tensor& start) : p(start.detach().to(at::kDouble).clone()), m(at::zeros_like(p)), v(at::zeros_like(p)) {}
  void update(const at::Tensor& gradient, double lr, double wd) {
    const at::Tensor g = gradient.to(at::kDouble);
    ++step;
    p = p * (1 - lr * wd);
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    p = p - lr * (m / (1 - std::pow(0.9, step))) / (v.sqrt() / std::sqrt(1 - std::pow(0.999, step)) + 1e-8);
  }
};

/// LARS of pretraining.md 7.1 in double, one number at a time.
struct NaiveLars {
  std::vector<double> p, mu;
  bool vector;
  explicit NaiveLars(const at::Tensor& start) : p(numbers(start)), mu(p.size(), 0), vector(start.dim() == 1) {}
  static std::vector<double> numbers(const at::Tensor& tensor) {
    const at::Tensor wide = tensor.detach().to(at::kDouble).contiguous();
    return {wide.const_data_ptr<double>(), wide.const_data_ptr<double>() + wide.numel()};
  }
  static double length(const std::vector<double>& values) {
    double square = 0;
    for (const double value : values) square += value * value;
    return std::sqrt(square);
  }
  void update(const at::Tensor& gradient, double lr, double wd, double eta, double momentum) {
    std::vector<double> g = numbers(gradient);
    double factor = 1;
    if (!vector) {
      for (size_t i = 0; i < g.size(); ++i) g[i] += wd * p[i];
      if (length(p) > 0 && length(g) > 0) factor = eta * length(p) / length(g);
    }
    for (size_t i = 0; i < g.size(); ++i) {
      mu[i] = momentum * mu[i] + factor * g[i];
      p[i] -= lr * mu[i];
    }
  }
  double error(const at::Tensor& ours) const {
    const std::vector<double> values = numbers(ours);
    double worst = 0;
    for (size_t i = 0; i < p.size(); ++i) worst = std::max(worst, std::abs(values[i] - p[i]));
    return worst;
  }
};

}  // namespace

TEST_CASE("adamw: follows the naive update, with each group's rate and decay") {
  const auto first = group_of(1e-2, 0.1, {"a", "b"}, {{3, 4}, {5}}), second = group_of(3e-3, 0, {"c"}, {{2, 2}});
  std::vector<NaiveAdamW> naive{NaiveAdamW(first->tensors[0]), NaiveAdamW(first->tensors[1]), NaiveAdamW(second->tensors[0])};
  const auto optimizer = test::make<Optimizer>("adamw", "", ParameterGroups{first, second});
  for (int step = 0; step < 5; ++step) {
    give_gradients(*first);
    give_gradients(*second);
    first->rate = 1e-2 * step;
    naive[0].update(first->tensors[0].grad(), first->rate, 0.1);
    naive[1].update(first->tensors[1].grad(), first->rate, 0.1);
    naive[2].update(second->tensors[0].grad(), second->rate, 0);
    optimizer->step();
  }
  CHECK(at::allclose(first->tensors[0].to(at::kDouble), naive[0].p, 1e-5, 1e-6));
  CHECK(at::allclose(first->tensors[1].to(at::kDouble), naive[1].p, 1e-5, 1e-6));
  CHECK(at::allclose(second->tensors[0].to(at::kDouble), naive[2].p, 1e-5, 1e-6));
}

TEST_CASE("adamw: a parameter without a gradient is left alone, its count too") {
  const auto group = group_of(1e-2, 0.1, {"a", "b"}, {{3}, {3}});
  const auto optimizer = test::make<Optimizer>("adamw", "", ParameterGroups{group});
  const at::Tensor before = group->tensors[1].detach().clone();
  group->tensors[0].mutable_grad() = torch::ones({3});
  optimizer->step();
  CHECK(at::equal(before, group->tensors[1].detach()));
  Names state;
  optimizer->visit_state(state);
  CHECK(state.seen.size() == 6);
  CHECK_FALSE(state.shaped_by_name.at("a.step"));
  CHECK(state.shaped_by_name.at("a.exp_avg"));
  CHECK(state.seen.at("a.step").item<float>() == 1);
  CHECK(state.seen.at("b.step").item<float>() == 0);
  CHECK(state.seen.at("b.exp_avg").eq(0).all().item<bool>());
  CHECK(state.seen.at("a.exp_avg_sq").ne(0).all().item<bool>());
}

TEST_CASE("adamw: loaded state continues the run bit for bit") {
  const auto group = group_of(1e-2, 0.1, {"a"}, {{3, 4}}), copy = group_of(1e-2, 0.1, {"a"}, {{3, 4}});
  const auto optimizer = test::make<Optimizer>("adamw", "", ParameterGroups{group});
  give_gradients(*group);
  optimizer->step();
  const auto resumed = test::make<Optimizer>("adamw", "", ParameterGroups{copy});
  Names from, to;
  optimizer->visit_state(from);
  resumed->visit_state(to);
  for (auto& [name, tensor] : to.seen) tensor.copy_(from.seen.at(name));
  const at::NoGradGuard no_grad;
  copy->tensors[0].copy_(group->tensors[0]);
  give_gradients(*group);
  copy->tensors[0].mutable_grad() = group->tensors[0].grad().clone();
  optimizer->step();
  resumed->step();
  CHECK(at::equal(group->tensors[0], copy->tensors[0]));
}

TEST_CASE("sgd: momentum with coupled decay, plain and looking ahead") {
  for (const bool nesterov : {false, true}) {
    CAPTURE(nesterov);
    const auto group = group_of(0.1, 0.01, {"a"}, {{3, 4}});
    const auto optimizer = test::make<Optimizer>("sgd", nesterov ? "nesterov = true" : "", ParameterGroups{group});
    at::Tensor p = group->tensors[0].detach().clone(), direction = torch::zeros_like(p);
    for (int step = 0; step < 4; ++step) {
      give_gradients(*group);
      const at::Tensor g = group->tensors[0].grad() + 0.01 * p;
      direction = 0.9 * direction + g;
      p = p - 0.1 * (nesterov ? g + 0.9 * direction : direction);
      optimizer->step();
    }
    CHECK(at::allclose(group->tensors[0].detach(), p, 1e-5, 1e-6));
    Names state;
    optimizer->visit_state(state);
    CHECK(at::allclose(state.seen.at("a.momentum"), direction, 1e-5, 1e-6));
  }
}

TEST_CASE("sgd: without momentum there is no state, and nesterov needs one") {
  const auto group = group_of(0.1, 0, {"a"}, {{2}});
  const auto optimizer = test::make<Optimizer>("sgd", "momentum = 0.0", ParameterGroups{group});
  const at::Tensor before = group->tensors[0].detach().clone();
  group->tensors[0].mutable_grad() = torch::ones({2});
  optimizer->step();
  CHECK(at::allclose(group->tensors[0].detach(), before - 0.1));
  Names state;
  optimizer->visit_state(state);
  CHECK(state.seen.empty());
  CHECK_THROWS_AS(test::make<Optimizer>("sgd", "momentum = 0.0\nnesterov = true", ParameterGroups{group}), Error);
}

TEST_CASE("lars: follows the naive update; vectors are neither decayed nor adapted") {
  const auto first = group_of(0.5, 0.1, {"matrix", "vector", "zero", "scalar"}, {{3, 4}, {5}, {2, 3}, {}});
  const auto second = group_of(0.2, 0, {"kernel"}, {{2, 3, 3, 3}});
  first->tensors[2] = torch::zeros({2, 3}).requires_grad_();
  std::vector<NaiveLars> naive;
  for (const auto& group : {first, second}) {
    for (const at::Tensor& p : group->tensors) naive.emplace_back(p);
  }
  const auto optimizer = test::make<Optimizer>("lars", "eta = 0.02\nmomentum = 0.8", ParameterGroups{first, second});
  for (int step = 0; step < 6; ++step) {
    give_gradients(*first);
    give_gradients(*second);
    if (step == 3) second->tensors[0].mutable_grad().zero_();
    first->rate = 0.1 * step;
    std::vector<at::Tensor> before;
    for (const at::Tensor& p : first->tensors) before.push_back(p.grad().clone());
    for (size_t i = 0; i < 4; ++i) naive[i].update(first->tensors[i].grad(), first->rate, 0.1, 0.02, 0.8);
    naive[4].update(second->tensors[0].grad(), 0.2, 0, 0.02, 0.8);
    optimizer->step();
    for (size_t i = 0; i < 4; ++i) CHECK(at::equal(before[i], first->tensors[i].grad()));
  }
  for (size_t i = 0; i < 4; ++i) CHECK(naive[i].error(first->tensors[i]) < 2e-6);
  CHECK(naive[4].error(second->tensors[0]) < 2e-6);
  Names state;
  optimizer->visit_state(state);
  CHECK(state.seen.size() == 5);
  CHECK(state.shaped_by_name.at("matrix.mu"));
}

TEST_CASE("lars: by default an adapted gradient is a thousandth as long as its parameter") {
  const auto group = group_of(1, 0, {"a"}, {{4, 4}});
  const auto optimizer = test::make<Optimizer>("lars", "", ParameterGroups{group});
  const at::Tensor before = group->tensors[0].detach().clone();
  give_gradients(*group);
  optimizer->step();
  const double moved = (group->tensors[0].detach() - before).norm().item<double>();
  CHECK(moved == doctest::Approx(0.001 * before.norm().item<double>()).epsilon(1e-3));
}

namespace {

/// A parameter [6, 3] of which a step gets the gradient of some rows.
struct RowGroup final : ParameterGroup {
  std::vector<std::string> named{"matrix"};
  std::vector<at::Tensor> tensors{torch::randn({6, 3}).requires_grad_(true)};
  RowUpdates updates = RowUpdates::counted_by_row;
  const std::vector<std::string>& names() const override { return named; }
  const std::vector<at::Tensor>& parameters() const override { return tensors; }
  double lr() const override { return 0.1; }
  double weight_decay() const override { return 0.02; }
  RowUpdates row_updates(size_t) const override { return updates; }
  void give(const std::vector<int64_t>& rows, const at::Tensor& values) {
    const at::Tensor at_rows = torch::tensor(rows).unsqueeze(0);
    tensors[0].mutable_grad() = at::sparse_coo_tensor(at_rows, values, tensors[0].sizes());
  }
};

}  // namespace

TEST_CASE("sgd, adamw: rows move as parameters of their own would, others and their state stay") {
  for (const std::string name : {"sgd", "adamw"}) {
    CAPTURE(name);
    const auto rows = std::make_shared<RowGroup>();
    const auto alone = std::make_shared<test::HandGroup>();
    alone->rate = 0.1;
    alone->decay = 0.02;
    for (int64_t r = 0; r < 6; ++r) {
      alone->named.push_back(std::to_string(r));
      alone->tensors.push_back(rows->tensors[0].detach()[r].clone().requires_grad_(true));
    }
    const auto by_rows = test::make<Optimizer>(name, "", ParameterGroups{rows}),
               by_parameters = test::make<Optimizer>(name, "", ParameterGroups{alone});
    const std::vector<std::vector<int64_t>> steps{{0, 3}, {3, 4}, {0, 3, 5}, {4}};
    for (const std::vector<int64_t>& step : steps) {
      const at::Tensor values = torch::randn({static_cast<int64_t>(step.size()), 3});
      rows->give(step, values);
      for (at::Tensor& p : alone->tensors) p.mutable_grad() = at::Tensor();
      for (size_t k = 0; k < step.size(); ++k)
        alone->tensors[static_cast<size_t>(step[k])].mutable_grad() = values[static_cast<int64_t>(k)].clone();
      by_rows->step();
      by_parameters->step();
    }
    for (int64_t r = 0; r < 6; ++r)
      CHECK(at::allclose(rows->tensors[0].detach()[r], alone->tensors[static_cast<size_t>(r)].detach(), 1e-6, 1e-7));
    Names state;
    by_rows->visit_state(state);
    if (name == "adamw") CHECK(at::equal(state.seen.at("matrix.step"), torch::tensor({2.0f, 0.0f, 0.0f, 3.0f, 2.0f, 1.0f})));
  }
}

TEST_CASE("adamw: rows that are counted together share the number of the step") {
  const auto rows = std::make_shared<RowGroup>();
  rows->updates = RowUpdates::counted_together;
  const auto optimizer = test::make<Optimizer>("adamw", "", ParameterGroups{rows});
  for (const std::vector<int64_t>& step : {std::vector<int64_t>{1}, std::vector<int64_t>{1, 2}}) {
    rows->give(step, torch::ones({static_cast<int64_t>(step.size()), 3}));
    optimizer->step();
  }
  Names state;
  optimizer->visit_state(state);
  CHECK(state.seen.at("matrix.step").item<float>() == 2);
}

TEST_CASE("sgd: rows that micro-batches name twice are added up first") {
  const auto rows = std::make_shared<RowGroup>();
  const auto optimizer = test::make<Optimizer>("sgd", "momentum = 0.0", ParameterGroups{rows});
  const at::Tensor before = rows->tensors[0].detach().clone();
  rows->give({4, 1, 4}, torch::ones({3, 3}));
  optimizer->step();
  const at::Tensor moved = before - 0.1 * 0.02 * before - 0.1 * torch::tensor({0.0, 1.0, 0.0, 0.0, 2.0, 0.0}).to(at::kFloat).unsqueeze(1);
  for (const int64_t r : {1, 4}) CHECK(at::allclose(rows->tensors[0].detach()[r], moved[r], 1e-6, 1e-6));
  CHECK(at::equal(rows->tensors[0].detach()[0], before[0]));
}

TEST_CASE("lars: a gradient of some rows is refused") {
  const auto rows = std::make_shared<RowGroup>();
  const auto optimizer = test::make<Optimizer>("lars", "", ParameterGroups{rows});
  rows->give({1}, torch::ones({1, 3}));
  CHECK_THROWS_WITH_AS(optimizer->step(), "the gradient of \"matrix\" is sparse, and this optimizer updates whole parameters only", Error);
}
