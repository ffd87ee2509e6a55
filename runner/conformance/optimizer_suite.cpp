#include "runner/conformance/suites.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <torch/types.h>

#include "kernel/registry/registry.h"
#include "lafs/optimizer.h"
#include "runner/conformance/findings.h"
#include "runner/conformance/module_checks.h"

namespace lafs::conformance {

namespace {

/// A group whose rates a suite sets.
class SetGroup final : public ParameterGroup {
 public:
  std::vector<std::string> named;
  std::vector<at::Tensor> tensors;
  double rate = 0.05, decay = 0;

  const std::vector<std::string>& names() const override { return named; }
  const std::vector<at::Tensor>& parameters() const override { return tensors; }
  double lr() const override { return rate; }
  double weight_decay() const override { return decay; }
};

class StateByName final : public StateVisitor {
 public:
  std::map<std::string, at::Tensor> tensors;           ///< by "<parameter>.<slot>"
  std::map<std::string, std::set<std::string>> slots;  ///< by parameter
  std::vector<std::string> repeated, shaped;           ///< names
  void tensor(const std::string& parameter, const std::string& slot, at::Tensor& value, bool has_shape) override {
    const std::string name = parameter + "." + slot;
    if (!tensors.emplace(name, value).second) repeated.push_back(name);
    slots[parameter].insert(slot);
    if (has_shape) shaped.push_back(name);
  }
};

/// Three parameters in two groups under one optimizer, pulled to fixed points by a quadratic.
class Pulled {
 public:
  explicit Pulled(const Use<Optimizer>& use) {
    first->named = {"net.weight", "net.bias"};
    first->tensors = {keyed_tensor({3, 4}, 1).requires_grad_(), keyed_tensor({5}, 2).requires_grad_()};
    second->named = {"scale"};
    second->tensors = {keyed_tensor({}, 3).requires_grad_()};
    optimizer = use.make(ParameterGroups{first, second});
  }
  std::vector<at::Tensor> parameters() const { return {first->tensors[0], first->tensors[1], second->tensors[0]}; }
  std::vector<std::string> names() const { return {first->named[0], first->named[1], second->named[0]}; }

  double loss() const {
    double sum = 0;
    for (const at::Tensor& p : parameters()) sum += (p.detach() - 2).square().sum().item<double>();
    return sum;
  }
  void step(size_t skipped = 99) {
    const at::NoGradGuard no_grad;
    auto all = parameters();
    for (size_t i = 0; i < all.size(); ++i) all[i].mutable_grad() = i == skipped ? at::Tensor() : 2 * (all[i].detach() - 2);
    optimizer->step();
  }
  std::vector<at::Tensor> values() const {
    std::vector<at::Tensor> copies;
    for (const at::Tensor& p : parameters()) copies.push_back(p.detach().clone());
    return copies;
  }
  std::map<std::string, at::Tensor> state() const {
    StateByName seen;
    optimizer->visit_state(seen);
    return seen.tensors;
  }

  std::shared_ptr<SetGroup> first = std::make_shared<SetGroup>(), second = std::make_shared<SetGroup>();
  std::shared_ptr<Optimizer> optimizer;
};

/// The promises of optimizer.h.
class OptimizerSuite {
 public:
  OptimizerSuite(const Use<Optimizer>& use, Findings& findings) : use_(use), findings_(findings) {}

  void run() {
    findings_.guard("the state is visited", [&] { state(); });
    findings_.guard("a step without some gradients runs", [&] { missing_gradients(); });
    findings_.guard("training continues from a saved state", [&] { resume(); });
    findings_.guard("rates are changed", [&] { rates(); });
    findings_.guard("a step with weight decay runs", [&] { decay(); });
    findings_.guard("thirty steps run", [&] { descent(); });
  }

 private:
  void state() {
    Pulled pulled(use_);
    StateByName seen;
    pulled.optimizer->visit_state(seen);
    for (const std::string& name : seen.repeated) findings_.add("names of the state are unique", name);
    for (const auto& [name, tensor] : seen.tensors) {
      findings_.expect(tensor.defined() && tensor.count_nonzero().item<int64_t>() == 0, "the state starts as zero", name);
      findings_.expect(!tensor.requires_grad(), "the state has no gradient", name);
    }
    const auto names = pulled.names();
    for (const auto& [parameter, slots] : seen.slots) {
      findings_.expect(std::find(names.begin(), names.end(), parameter) != names.end(), "state belongs to a parameter", parameter);
    }
    for (const std::string& name : seen.shaped) {
      const auto parameter = std::find_if(names.begin(), names.end(), [&](const std::string& p) { return name.starts_with(p + "."); });
      if (parameter == names.end()) continue;
      const at::Tensor of = pulled.parameters()[static_cast<size_t>(parameter - names.begin())];
      findings_.expect(seen.tensors.at(name).sizes() == of.sizes(), "a shaped slot has its parameter's shape", name);
    }
    pulled.step();
    const auto later = pulled.state();
    findings_.expect(later.size() == seen.tensors.size(), "all of the state is there when the optimizer is made",
                     fmt::format("{} tensors, {} after a step", seen.tensors.size(), later.size()));
  }

  void missing_gradients() {
    Pulled pulled(use_);
    pulled.first->decay = pulled.second->decay = 0.1;
    pulled.step();
    const auto values = pulled.values();
    std::map<std::string, at::Tensor> before;
    for (const auto& [name, tensor] : pulled.state()) before[name] = tensor.clone();
    pulled.step(0);
    const auto now = pulled.values();
    findings_.expect(at::equal(now[0], values[0]), "a parameter without a gradient stays", "it moved");
    findings_.expect(!at::equal(now[1], values[1]) && !at::equal(now[2], values[2]), "the others move", "one stayed");
    for (const auto& [name, tensor] : pulled.state()) {
      if (name.starts_with("net.weight.")) findings_.expect(at::equal(tensor, before[name]), "its state stays", name);
    }
  }

  void resume() {
    Pulled straight(use_), before(use_), after(use_);
    for (Pulled* pulled : {&straight, &before, &after}) pulled->first->decay = pulled->second->decay = 0.02;
    for (int i = 0; i < 6; ++i) straight.step();
    for (int i = 0; i < 3; ++i) before.step();
    {
      const at::NoGradGuard no_grad;
      const auto from = before.parameters();
      auto to = after.parameters();
      for (size_t i = 0; i < to.size(); ++i) to[i].copy_(from[i]);
      const auto saved = before.state();
      for (auto& [name, tensor] : after.state()) at::Tensor(tensor).copy_(saved.at(name));
    }
    for (int i = 0; i < 3; ++i) after.step();
    const auto a = straight.values(), b = after.values();
    for (size_t i = 0; i < a.size(); ++i) {
      findings_.expect(at::equal(a[i], b[i]), "three steps, saved, loaded, and three more are six steps",
                       fmt::format("\"{}\" differs by {}", straight.names()[i], largest_difference(a[i], b[i])));
    }
  }

  void rates() {
    Pulled pulled(use_);
    pulled.first->decay = 0.1;
    pulled.step();
    pulled.first->rate = 0;
    const auto before = pulled.values();
    pulled.step();
    const auto after = pulled.values();
    findings_.expect(at::equal(after[0], before[0]) && at::equal(after[1], before[1]), "a learning rate of 0 leaves the weights",
                     "they moved");
    findings_.expect(!at::equal(after[2], before[2]), "each group has a learning rate of its own", "the other group stayed too");
  }

  void decay() {
    Pulled with(use_), without(use_);
    with.first->decay = 0.5;
    for (Pulled* pulled : {&with, &without}) pulled->step();
    findings_.expect(!at::equal(with.values()[0], without.values()[0]), "weight decay has an effect",
                     "the weights are the same without it");
    findings_.expect(at::equal(with.values()[2], without.values()[2]), "each group has a weight decay of its own", "another group moved");
  }

  void descent() {
    Pulled pulled(use_);
    const double before = pulled.loss();
    for (int i = 0; i < 30; ++i) pulled.step();
    const double after = pulled.loss();
    findings_.expect(after < before, "thirty steps go down a quadratic", fmt::format("from {} to {}", before, after));
  }

  const Use<Optimizer>& use_;
  Findings& findings_;
};

}  // namespace

void conform_optimizer(const Use<Optimizer>& use, Findings& findings) { OptimizerSuite(use, findings).run(); }

}  // namespace lafs::conformance
