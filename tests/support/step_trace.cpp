#include "support/step_trace.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <utility>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/schedule.h"
#include "nn/layers/tree.h"
#include "support/golden_model.h"

namespace lafs::test {

namespace {

/// What an error may be in fp32, by the golden README, and in bf16, about three times what was measured on a processor.
struct Limits {
  double fp32, bf16;
};
const std::map<std::string, Limits>& limits() {
  static const std::map<std::string, Limits> all{{"loss", {5e-5, 0.05}},
                                                 {"centre", {1e-5, 2e-3}},
                                                 {"gradient norm", {2e-3, 0.1}},
                                                 {"clipped tensors", {0, 1}},
                                                 {"weight norm", {1e-4, 1e-3}},
                                                 {"schedules", {1e-12, 1e-12}},
                                                 {"final student", {2e-4, 1.5e-2}},
                                                 {"final teacher", {5e-5, 3e-3}},
                                                 {"final student, share above 1e-5", {1e-3, 0.95}},
                                                 {"final teacher, share above 1e-5", {1e-3, 0.5}},
                                                 {"logits", {1e-4, 1e-2}},
                                                 {"tokens", {5e-4, 5e-4}}};
  return all;
}

/// (v/255 - mean)/std of ImageNet, in fp32.
at::Tensor imagenet_pixels(const at::Tensor& bytes) {
  const at::Tensor mean = torch::tensor({0.485F, 0.456F, 0.406F}).view({3, 1, 1}),
                   std = torch::tensor({0.229F, 0.224F, 0.225F}).view({3, 1, 1});
  return (bytes.to(at::kFloat) / 255 - mean) / std;
}

/// The key third of qkv.bias has a gradient of rounding only, which AdamW makes steps of: it is left out.
at::Tensor comparable(const std::string& name, const at::Tensor& tensor) {
  if (!name.ends_with("attn.qkv.bias")) return tensor;
  const auto thirds = tensor.chunk(3);
  return at::cat({thirds[0], thirds[2]});
}

std::string final_file(const std::string& set, const std::string& network) { return fmt::format("{}.final_{}.safetensors", set, network); }

std::string objective_options(const nlohmann::json& s) {
  const auto text = [&](const char* key) { return s.at(key).dump(); };
  return fmt::format(
             "teacher_temperature = {{ shape = \"epoch_linear\", from = {}, warmup_from = {}, warmup_epochs = {} }}\n"
             "momentum_teacher = {{ shape = \"cosine\", from = {}, to = 1 }}\n",
             text("teacher_temp"), text("warmup_teacher_temp"), text("warmup_teacher_temp_epochs"), text("momentum_teacher")) +
         options_from(
             s,
             {{"freeze_last_layer", "freeze_last_layer"}, {"student_temp", "student_temperature"}, {"center_momentum", "center_momentum"}});
}

}  // namespace

bool StepTrace::ready(const std::string& set) {
  return golden_ready(
      set, {set + ".json", set + ".inputs.safetensors", set + ".trace.safetensors", set + ".init.safetensors", final_file(set, "student")});
}

StepTrace::StepTrace(const std::string& set, const std::string& objective_name, const std::string& backbone, const std::string& options)
    : settings(golden_json(set + ".json")),
      inputs(golden_tensors(set + ".inputs.safetensors")),
      trace(golden_tensors(set + ".trace.safetensors")),
      set_(set) {
  const at::Tensor pictures = inputs.at(inputs.contains("crops_u8") ? "crops_u8" : "global_u8");
  assembly.contract = input_from(settings, pictures.size(-1));
  assembly.backbone_use = use<Backbone>(backbone, backbone_options(backbone, settings));
  assembly.projector_use = use<Projector>("dino_head", options_from(settings, {{"head_hidden", "hidden"},
                                                                               {"head_bottleneck", "bottleneck"},
                                                                               {"out_dim", "outputs"},
                                                                               {"norm_last_layer", "norm_last_layer"}}));
  assembly.epoch_count = settings.at("epochs");
  objective = make<Objective>(objective_name, objective_options(settings) + options, assembly);
  objective->module()->to(device());
  load_state(*nn::submodule(*objective->module(), "student"), golden_tensors(set + ".init.safetensors"));
  {
    const at::NoGradGuard no_grad;
    objective->start();
  }
  make_optimizer();
}

at::Tensor StepTrace::parameter(const std::string& network, const std::string& name) const {
  return nn::find_tensor(*objective->module(), fmt::format("{}.{}", network, name));
}

at::Tensor StepTrace::of(int64_t s, const std::string& what) const { return trace.at(fmt::format("step{}.{}", s, what)); }
bool StepTrace::has(int64_t s, const std::string& what) const { return trace.contains(fmt::format("step{}.{}", s, what)); }

HandBatch StepTrace::pictures(int64_t s) const {
  HandBatch batch;
  for (const std::string group : {"global", "local"}) {
    const auto found = inputs.find(group + "_u8");
    if (found == inputs.end() || found->second.numel() == 0) continue;
    batch.groups[group] = imagenet_pixels(found->second[s % found->second.size(0)]);
  }
  batch.identities = torch::zeros({batch.groups.at("global").size(1)}, at::kLong);
  return batch;
}

at::Tensor StepTrace::logits(const std::string& network, const std::vector<at::Tensor>& groups, bool tokens) const {
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

void StepTrace::compare_logits(int64_t s, const std::vector<at::Tensor>& groups, bool tokens) {
  worst("logits", max_error(logits("student", groups, tokens), of(s, "student_logits")));
  worst("logits", max_error(logits("teacher", {groups.at(0)}, tokens), of(s, "teacher_logits")));
}

Timeline StepTrace::time_of(int64_t s) const {
  Timeline time;
  time.index = s;
  time.steps_per_epoch = settings.at("iters");
  time.epochs = settings.at("epochs");
  time.total = time.steps_per_epoch * assembly.epoch_count;
  time.epoch = s / time.steps_per_epoch;
  return time;
}

void StepTrace::step(int64_t s, const Batch& batch, std::shared_ptr<const Draws> draws) {
  CAPTURE(s);
  hand.step.time = time_of(s);
  hand.step.draws = std::move(draws);
  check_schedules(s);
  const at::Tensor loss = [&] {
    const Precision precision;
    return objective->loss(batch, hand.step);
  }();
  worst("loss", std::abs(loss.item<double>() - of(s, "loss").item<double>()));
  worst("loss", std::abs(loss.item<double>() - settings.at("losses").at(static_cast<size_t>(s)).get<double>()));
  loss.backward();
  clip(s);
  const at::NoGradGuard no_grad;
  hand.step.draws = nullptr;
  objective->before_update(hand.step);
  for (const auto& group : groups_) {
    group->rate = settings.at("lr").at(static_cast<size_t>(s));
    group->decay = group == groups_[0] ? settings.at("wd").at(static_cast<size_t>(s)).get<double>() : 0.0;
  }
  optimizer_->step();
  objective->module()->zero_grad(true);
  objective->after_update(hand.step);
  worst("centre", max_error(nn::find_tensor(*objective->module(), "center"), of(s, "center")));
  compare_norms(s);
}

/// The lists of the file are those of the schedules it names.
void StepTrace::check_schedules(int64_t s) {
  const auto number = [&](const char* key) { return settings.at(key).get<double>(); };
  const auto compare = [&](const char* list, const Schedule& schedule) {
    const double listed = settings.at(list).at(static_cast<size_t>(s));
    worst("schedules", std::abs(listed - schedule.at(time_of(s))) / std::max(std::abs(listed), 1e-300));
  };
  compare("lr", cosine(number("base_lr"), number("min_lr"), number("warmup_epochs")));
  compare("wd", cosine(number("weight_decay"), number("weight_decay_end")));
  compare("momentum", cosine(number("momentum_teacher"), 1));
}

/// Per tensor (pretraining.md 7.4). A norm within rounding of the limit may count as clipped or not.
void StepTrace::clip(int64_t s) {
  const double largest = settings.at("clip_grad");
  const at::Tensor golden = of(s, "grad_norm");
  int64_t clipped = 0, close = 0;
  for (size_t i = 0; i < names().size(); ++i) {
    CAPTURE(names()[i]);
    const at::Tensor gradient = parameter("student", names()[i]).grad();
    const double wanted = golden[static_cast<int64_t>(i)].item<double>();
    CHECK(gradient.defined() == !std::isnan(wanted));
    if (!gradient.defined()) continue;
    const double norm = gradient.to(at::kDouble).norm().item<double>();
    worst("gradient norm", std::abs(norm - wanted) / std::max(wanted, 1e-3));
    const double factor = largest > 0 ? largest / (norm + 1e-6) : 1;
    close += std::abs(factor - 1) < 1e-4;
    if (factor >= 1) continue;
    gradient.mul_(factor);
    ++clipped;
  }
  const int64_t counted = settings.at("clipped_tensors").at(static_cast<size_t>(s));
  worst("clipped tensors", static_cast<double>(std::max<int64_t>(0, std::abs(clipped - counted) - close)));
}

void StepTrace::compare_norms(int64_t s) {
  for (const char* network : {"student", "teacher"}) {
    const at::Tensor golden = of(s, fmt::format("{}_norm", network));
    for (size_t i = 0; i < names().size(); ++i) {
      const double norm = parameter(network, names()[i]).to(at::kDouble).norm().item<double>(),
                   wanted = golden[static_cast<int64_t>(i)].item<double>();
      worst("weight norm", std::abs(norm - wanted) / std::max(wanted, 1e-3));
    }
  }
}

void StepTrace::run_on_pictures() {
  for (int64_t s = 0; s < steps(); ++s) {
    const HandBatch batch = pictures(s);
    std::vector<at::Tensor> groups{batch.views("global")};
    if (batch.has("local")) groups.push_back(batch.views("local"));
    compare_logits(s, groups, false);
    step(s, batch, nullptr);
  }
  finish();
}

void StepTrace::finish() {
  for (const char* network : {"student", "teacher"}) {
    if (std::filesystem::exists(golden_file(final_file(set_, network)))) compare_final(network);
  }
  check_worst();
}

void StepTrace::compare_final(const std::string& network) {
  int64_t all = 0, close = 0;
  for (const auto& [name, golden] : golden_tensors(final_file(set_, network))) {
    const at::Tensor error = (comparable(name, parameter(network, name)) - comparable(name, golden)).abs().detach();
    worst("final " + network, error.max().item<double>());
    all += error.numel();
    close += error.lt(1e-5).sum().item<int64_t>();
  }
  worst("final " + network + ", share above 1e-5", 1 - static_cast<double>(close) / static_cast<double>(all));
}

void StepTrace::check_worst() const {
  for (const auto& [what, error] : worst_) {
    MESSAGE(set_, ": ", what, " ", error);
    CAPTURE(what);
    CHECK(error <= limit(limits().at(what).fp32, limits().at(what).bf16));
  }
}

void StepTrace::worst(const std::string& what, double error) {
  double& known = worst_[what];
  known = error == error ? std::max(known, error) : INFINITY;
}

void StepTrace::make_optimizer() {
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
  optimizer_ = make<Optimizer>(settings.at("optimizer").get<std::string>(), "", all);
}

}  // namespace lafs::test
