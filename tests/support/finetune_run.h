#pragma once
/// Supervised training by the reference, micro-batch by micro-batch (golden README, set 8): what its three variants share.
#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/schedule.h"
#include "nn/layers/tree.h"
#include "nn/loss/classifier.h"
#include "support/golden.h"
#include "support/golden_model.h"
#include "support/training.h"

namespace lafs::test {

/// The reference keeps the class matrix inside the model.
inline std::string finetune_name(const std::string& name) { return name == "loss.weight" ? "classifier.weight" : "backbone." + name; }

/// Decay classes of finetuning.md 8; names without the prefix of the tree.
inline double finetune_decay(const std::string& name, const at::Tensor& parameter, double decay) {
  if (parameter.dim() == 1) return 0;
  return name.starts_with("stn") ? decay / 2 : decay;
}

/// One variant, from its starting weights on.
struct FinetuneRun {
  std::string variant;  ///< "plain", "mixup", "part"
  nlohmann::json settings = golden_json("finetune.json");
  Tensors inputs = golden_tensors("finetune.inputs.safetensors"), trace;
  HandAssembly assembly;
  std::shared_ptr<Objective> objective;
  std::map<double, std::shared_ptr<HandGroup>> groups;
  std::shared_ptr<Optimizer> optimizer;
  HandStep hand;

  /// `start`: the golden set with the starting weights; `plugin`: the backbone.
  FinetuneRun(std::string name, const std::string& start, const std::string& plugin)
      : variant(std::move(name)), trace(golden_tensors(fmt::format("finetune_{}.trace.safetensors", variant))) {
    const std::string head = settings.at("head");
    nlohmann::json model = golden_json(start + ".json");  // the class head is the classifier's here
    model.update(settings);
    model.erase("num_class");
    assembly.contract = input_from(model);
    assembly.identity_count = settings.at("num_class");
    assembly.backbone_use = use<Backbone>(plugin, fvit_options(model));
    assembly.head_use = use<Head>("cosface", fmt::format("scale = {}\nmargin = {}", number_after(head, "s="), number_after(head, "m=")));
    objective = make<Objective>("identification", options_from(settings, {{"label_smoothing", "smoothing"}}), assembly);
    load_state(*objective->module(), golden_tensors(start + ".state.safetensors"), finetune_name);
    make_groups();
    optimizer = make<Optimizer>("adamw", "", ParameterGroups(all_groups_.begin(), all_groups_.end()));
    hand.step.micro_batches = settings.at("accumulation");
  }

  static bool ready(const std::string& variant, const std::string& start, const std::string& final_file) {
    const std::string set = "finetune_" + variant;
    return golden_ready(set, {"finetune.json", "finetune.inputs.safetensors", set + ".trace.safetensors", final_file, start + ".json",
                              start + ".state.safetensors"});
  }

  const nlohmann::json& names() const { return settings.at(variant + "_parameter_names"); }
  std::shared_ptr<Backbone> backbone() const {
    return std::dynamic_pointer_cast<Backbone>(nn::submodule(*objective->module(), "backbone"));
  }
  std::shared_ptr<nn::Classifier> classifier() const {
    return std::dynamic_pointer_cast<nn::Classifier>(nn::submodule(*objective->module(), "classifier"));
  }
  at::Tensor tensor(const std::string& golden_name) const { return nn::find_tensor(*objective->module(), finetune_name(golden_name)); }

  HandBatch batch(int64_t micro) const {
    const at::Tensor rows = inputs.at("index")[micro];
    HandBatch out;
    out.groups["image"] = scaled_pixels(inputs.at("images_u8").index_select(0, rows)).unsqueeze(0);
    out.identities = inputs.at("labels").index_select(0, rows);
    return out;
  }

  double peak() const { return scaled_lr("lafs_sqrt", settings.at("lr_argument"), settings.at("batch"), settings.at("accumulation")); }

  /// The rate of an optimizer step: peak by the rule, then the stacked schedulers.
  double lr(int64_t step) const {
    const int64_t w = settings.at("W"), t = settings.at("T");
    Schedule schedule = cosine(peak(), settings.at("eta_min"), static_cast<double>(w));
    schedule.shape = "finetune";
    Timeline time;
    time.index = step;
    time.images = time.step_images = 1;
    time.epochs = static_cast<double>(w + t);
    return schedule.at(time);
  }

  /// Trains through all micro-batches of the trace. `loss(micro)` gives the undivided loss; its values, rates and the norms of gradients
  /// are compared. A norm may be off by `share` of itself and `slack`.
  void train(const std::function<at::Tensor(int64_t)>& loss, const std::function<double(const std::string&)>& share, double slack) {
    const int64_t accumulation = settings.at("accumulation"), micros = trace.at("loss").size(0);
    CHECK(std::abs(peak() - settings.at("eta").get<double>()) <= 1e-12 * peak());
    for (int64_t b = 0; b < micros; ++b) {
      CAPTURE(b);
      hand.step.time.index = b / accumulation;
      hand.step.micro_batch = b % accumulation;
      const at::Tensor value = loss(b);
      for (const double wanted :
           {trace.at("loss")[b].item<double>(), settings.at(variant + "_losses").at(static_cast<size_t>(b)).get<double>()}) {
        CHECK(std::abs(value.item<double>() - wanted) < 1e-3);
      }
      (value / accumulation).backward();
      if ((b + 1) % accumulation == 0) update(b / accumulation, share, slack);
    }
  }

  /// Gradients of the parameters beside the golden norms, then the optimizer's step.
  void update(int64_t step, const std::function<double(const std::string&)>& share, double slack) {
    for (const double wanted :
         {trace.at("lr")[step].item<double>(), settings.at(variant + "_lr").at(static_cast<size_t>(step)).get<double>()}) {
      CHECK(std::abs(lr(step) - wanted) <= 1e-12 * lr(step));
    }
    const at::Tensor golden = trace.at(fmt::format("step{}.grad_norm", step));
    for (size_t i = 0; i < names().size(); ++i) {
      const std::string name = names()[i];
      CAPTURE(name);
      const double norm = golden[static_cast<int64_t>(i)].item<double>();
      CHECK(std::abs(tensor(name).grad().to(at::kDouble).norm().item<double>() - norm) < share(name) * norm + slack);
    }
    for (auto& [decay, group] : groups) group->rate = lr(step);
    optimizer->step();
    objective->module()->zero_grad(true);
  }

 private:
  void make_groups() {
    for (const auto& item : names()) {
      const std::string name = item;
      const at::Tensor parameter = tensor(name);
      const double decay = finetune_decay(name, parameter, settings.at("weight_decay"));
      auto& group = groups[decay];
      if (!group) all_groups_.push_back(group = std::make_shared<HandGroup>());
      group->decay = decay;
      group->named.push_back(finetune_name(name));
      group->tensors.push_back(parameter);
    }
  }

  std::vector<std::shared_ptr<HandGroup>> all_groups_;
};

}  // namespace lafs::test
