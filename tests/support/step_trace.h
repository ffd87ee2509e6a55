#pragma once
/// Six optimizer steps of the reference's pre-training (golden README, set 5), repeated with our objective and optimizer.
#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <torch/types.h>

#include "nn/layers/tree.h"
#include "support/golden.h"
#include "support/training.h"

namespace lafs::test {

/// (v/255 - mean)/std of ImageNet, in fp32.
inline at::Tensor imagenet_pixels(const at::Tensor& bytes) {
  const at::Tensor mean = torch::tensor({0.485F, 0.456F, 0.406F}).view({3, 1, 1}),
                   std = torch::tensor({0.229F, 0.224F, 0.225F}).view({3, 1, 1});
  return (bytes.to(at::kFloat) / 255 - mean) / std;
}

class StepTrace {
 public:
  nlohmann::json settings;
  Tensors inputs, trace;
  HandAssembly assembly;
  std::shared_ptr<Objective> objective;
  HandStep hand;

  /// `options`: more of the objective's table.
  StepTrace(const std::string& set, const std::string& objective_name, const Use<Backbone>& backbone, const std::string& options = "")
      : settings(golden_json(set + ".json")),
        inputs(golden_tensors(set + ".inputs.safetensors")),
        trace(golden_tensors(set + ".trace.safetensors")),
        set_(set) {
    assembly.contract.height = assembly.contract.width = 112;
    assembly.backbone_use = backbone;
    assembly.projector_use = use<Projector>("dino_head", fmt::format("hidden = {}\nbottleneck = {}\noutputs = {}", whole("head_hidden"),
                                                                     whole("head_bottleneck"), whole("out_dim")));
    assembly.epoch_count = whole("epochs");
    objective = make<Objective>(
        objective_name,
        fmt::format("teacher_temperature = {{ shape = \"epoch_linear\", from = {}, warmup_from = {}, warmup_epochs = {} }}\n"
                    "momentum_teacher = {{ shape = \"cosine\", from = {}, to = 1 }}\nfreeze_last_layer = {}\n{}",
                    number("teacher_temp"), number("warmup_teacher_temp"), whole("warmup_teacher_temp_epochs"), number("momentum_teacher"),
                    whole("freeze_last_layer"), options),
        assembly);
    objective->module()->to(device());
    load_state(*nn::submodule(*objective->module(), "student"), golden_tensors(set + ".init.safetensors"));
    {
      const at::NoGradGuard no_grad;
      objective->start();
    }
    make_optimizer();
  }

  at::Tensor parameter(const std::string& network, const std::string& name) const {
    return nn::find_tensor(*objective->module(), fmt::format("{}.{}", network, name));
  }
  std::vector<std::string> names() const { return settings.at("parameter_names"); }

  /// Logits of a network for groups of pictures, or of tokens, each [V,B,...]; without chance.
  at::Tensor logits(const std::string& network, const std::vector<at::Tensor>& groups, bool tokens) const {
    const Precision precision;
    const at::NoGradGuard no_grad;
    const auto backbone = std::dynamic_pointer_cast<Backbone>(nn::submodule(*objective->module(), network + ".backbone"));
    const auto head = std::dynamic_pointer_cast<Projector>(nn::submodule(*objective->module(), network + ".head"));
    std::vector<at::Tensor> out;
    for (const at::Tensor& group : groups) {
      const at::Tensor rows = group.flatten(0, 1);
      out.push_back(tokens ? dynamic_cast<Tokenised&>(*backbone).forward_tokens(rows, {}, {}) : backbone->forward(rows, {}));
    }
    return head->forward(at::cat(out), {});
  }

  /// One step; every number that the trace has of it is compared.
  void step(int64_t s, const Batch& batch, std::shared_ptr<const Draws> draws) {
    CAPTURE(s);
    hand.step.time.index = s;
    hand.step.time.steps_per_epoch = whole("iters");
    hand.step.time.epochs = whole("epochs");
    hand.step.time.total = whole("iters") * whole("epochs");
    hand.step.time.epoch = s / whole("iters");
    hand.step.draws = std::move(draws);
    const at::Tensor loss = [&] {
      const Precision precision;
      return objective->loss(batch, hand.step);
    }();
    worst("loss", std::abs(loss.item<double>() - of(s, "loss").item<double>()));
    loss.backward();
    clip(s);
    const at::NoGradGuard no_grad;
    hand.step.draws = nullptr;
    objective->before_update(hand.step);
    for (const auto& group : groups_) {
      group->rate = settings.at("lr")[static_cast<size_t>(s)];
      group->decay = group == groups_[0] ? settings.at("wd")[static_cast<size_t>(s)].get<double>() : 0.0;
    }
    optimizer_->step();
    objective->module()->zero_grad(true);
    objective->after_update(hand.step);
    worst("centre", max_error(nn::find_tensor(*objective->module(), "center"), of(s, "center")));
    for (const char* network : {"student", "teacher"}) {
      const at::Tensor golden = of(s, fmt::format("{}_norm", network));
      for (size_t i = 0; i < names().size(); ++i) {
        const double norm = parameter(network, names()[i]).to(at::kDouble).norm().item<double>(),
                     wanted = golden[static_cast<int64_t>(i)].item<double>();
        worst("weight norm", std::abs(norm - wanted) / std::max(wanted, 1e-3));
      }
    }
  }

  void compare_final(const std::string& network, const std::function<at::Tensor(const std::string&, const at::Tensor&)>& comparable) {
    int64_t all = 0, close = 0;
    for (const auto& [name, golden] : golden_tensors(fmt::format("{}.final_{}.safetensors", set_, network))) {
      const at::Tensor error = (comparable(name, parameter(network, name)) - comparable(name, golden)).abs().detach();
      worst("final " + network, error.max().item<double>());
      all += error.numel();
      close += error.lt(1e-5).sum().item<int64_t>();
    }
    worst("final " + network + ", share above 1e-5", 1 - static_cast<double>(close) / static_cast<double>(all));
  }

  /// The limits of the golden README; what bf16 leaves of it.
  void check_worst() const {
    static const std::map<std::string, double> limits{{"loss", 5e-5},
                                                      {"centre", 1e-5},
                                                      {"gradient norm", 2e-3},
                                                      {"clipped tensors", 0},
                                                      {"weight norm", 1e-4},
                                                      {"final student", 2e-4},
                                                      {"final teacher", 5e-5},
                                                      {"final student, share above 1e-5", 1e-3},
                                                      {"logits", 1e-4},
                                                      {"tokens", 5e-4},
                                                      {"final teacher, share above 1e-5", 1e-3}};
    static const std::map<std::string, double> bf16_limits{{"loss", 0.05},
                                                           {"centre", 2e-3},
                                                           {"gradient norm", 0.1},
                                                           {"clipped tensors", 1},
                                                           {"weight norm", 1e-3},
                                                           {"final student", 1.5e-2},
                                                           {"final teacher", 3e-3},
                                                           {"final student, share above 1e-5", 0.95},
                                                           {"logits", 1e-2},
                                                           {"tokens", 5e-4},
                                                           {"final teacher, share above 1e-5", 0.5}};
    for (const auto& [what, error] : worst_) {
      MESSAGE(set_, ": ", what, " ", error);
      CAPTURE(what);
      CHECK(error <= limit(limits.at(what), bf16_limits.at(what)));
    }
  }

  void worst(const std::string& what, double error) {
    double& known = worst_[what];
    known = error == error ? std::max(known, error) : INFINITY;
  }
  at::Tensor of(int64_t s, const std::string& what) const { return trace.at(fmt::format("step{}.{}", s, what)); }

 private:
  int64_t whole(const char* key) const { return settings.at(key); }
  double number(const char* key) const { return settings.at(key); }

  void make_optimizer() {
    ParameterGroups all;
    for (const char* decayed : {"yes", "no"}) {
      auto group = std::make_shared<HandGroup>();
      for (size_t i = 0; i < names().size(); ++i) {
        if (settings.at("parameter_decayed")[i] != decayed || !settings.at("parameter_trainable")[i]) continue;
        group->named.push_back("student." + names()[i]);
        group->tensors.push_back(parameter("student", names()[i]));
      }
      groups_.push_back(group);
      all.push_back(group);
    }
    optimizer_ = make<Optimizer>("adamw", "", all);
  }

  /// Per tensor (pretraining.md 7.4).
  void clip(int64_t s) {
    const at::Tensor golden = of(s, "grad_norm");
    int64_t clipped = 0;
    for (size_t i = 0; i < names().size(); ++i) {
      CAPTURE(names()[i]);
      const at::Tensor gradient = parameter("student", names()[i]).grad();
      const double wanted = golden[static_cast<int64_t>(i)].item<double>();
      CHECK(gradient.defined() == !std::isnan(wanted));
      if (!gradient.defined()) continue;
      const double norm = gradient.to(at::kDouble).norm().item<double>();
      worst("gradient norm", std::abs(norm - wanted) / std::max(wanted, 1e-3));
      const double factor = number("clip_grad") / (norm + 1e-6);
      if (factor >= 1) continue;
      gradient.mul_(factor);
      ++clipped;
    }
    worst("clipped tensors",
          std::abs(static_cast<double>(clipped - settings.at("clipped_tensors")[static_cast<size_t>(s)].get<int64_t>())));
  }

  std::string set_;
  std::vector<std::shared_ptr<HandGroup>> groups_;
  std::shared_ptr<Optimizer> optimizer_;
  std::map<std::string, double> worst_;
};

}  // namespace lafs::test
