#include <cmath>
#include <map>
#include <memory>
#include <string>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/schedule.h"
#include "nn/layers/tree.h"
#include "nn/loss/classifier.h"
#include "support/golden.h"
#include "support/golden_model.h"
#include "support/training.h"

// Micro-batches and AdamW steps of supervised training by the reference (golden README, set 8): losses 1e-3, final weights 2e-4.
TEST_SUITE("finetune_plain") {
  namespace {  // suites of several files share a name of doctest's making
  using namespace lafs;

  /// The reference keeps the class matrix inside the model.
  std::string ours_of(const std::string& name) { return name == "loss.weight" ? "classifier.weight" : "backbone." + name; }

  /// Decay classes of finetuning.md 8; names without the prefix of the tree.
  double decay_of(const std::string& name, const at::Tensor& parameter, double decay) {
    if (parameter.dim() == 1) return 0;
    return name.starts_with("stn") ? decay / 2 : decay;
  }

  struct Run {
    nlohmann::json settings = test::golden_json("finetune.json");
    test::Tensors inputs = test::golden_tensors("finetune.inputs.safetensors"),
                  trace = test::golden_tensors("finetune_plain.trace.safetensors");
    test::HandAssembly assembly;
    std::shared_ptr<Objective> objective;
    std::map<double, std::shared_ptr<test::HandGroup>> groups;
    std::shared_ptr<Optimizer> optimizer;

    Run() {
      const std::string head = settings.at("head");
      nlohmann::json model = test::golden_json("fvit_tiny.json");  // where the weights are from; the class head is the classifier's here
      model.update(settings);
      model.erase("num_class");
      assembly.contract = test::input_from(model);
      assembly.identity_count = settings.at("num_class");
      assembly.backbone_use = test::use<Backbone>("fvit", test::fvit_options(model));
      assembly.head_use = test::use<Head>(
          "cosface", fmt::format("scale = {}\nmargin = {}", test::number_after(head, "s="), test::number_after(head, "m=")));
      objective = test::make<Objective>("identification", test::options_from(settings, {{"label_smoothing", "smoothing"}}), assembly);
      test::load_state(*objective->module(), test::golden_tensors("fvit_tiny.state.safetensors"), ours_of);
      ParameterGroups all;
      for (const auto& item : settings.at("plain_parameter_names")) {
        const std::string name = item;
        const at::Tensor parameter = nn::find_tensor(*objective->module(), ours_of(name));
        auto& group = groups[decay_of(name, parameter, settings.at("weight_decay"))];
        if (!group) all.push_back(group = std::make_shared<test::HandGroup>());
        group->decay = decay_of(name, parameter, settings.at("weight_decay"));
        group->named.push_back(ours_of(name));
        group->tensors.push_back(parameter);
      }
      optimizer = test::make<Optimizer>("adamw", "", all);
    }

    test::HandBatch batch(int64_t micro) const {
      const at::Tensor rows = inputs.at("index")[micro];
      test::HandBatch out;
      out.groups["image"] = test::scaled_pixels(inputs.at("images_u8").index_select(0, rows)).unsqueeze(0);
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
  };

  void check_logits(Run& run, const test::HandBatch& batch, const at::Tensor& golden) {
    const at::NoGradGuard no_grad;
    const auto backbone = std::dynamic_pointer_cast<Backbone>(nn::submodule(*run.objective->module(), "backbone"));
    const auto classifier = std::dynamic_pointer_cast<nn::Classifier>(nn::submodule(*run.objective->module(), "classifier"));
    nn::Targets targets;
    targets.label_a = batch.identities;
    const auto head = run.assembly.head();
    CHECK(test::max_error(classifier->logits(backbone->forward(batch.views("image")[0], {}), targets, *head, {}), golden) < 1e-3);
  }

  void check_gradients(Run& run, const at::Tensor& golden) {
    const auto& names = run.settings.at("plain_parameter_names");
    for (size_t i = 0; i < names.size(); ++i) {
      const std::string name = names[i];
      CAPTURE(name);
      const at::Tensor gradient = nn::find_tensor(*run.objective->module(), ours_of(name)).grad();
      const double norm = golden[static_cast<int64_t>(i)].item<double>();
      CHECK(std::abs(gradient.to(at::kDouble).norm().item<double>() - norm) < 2e-3 * norm);
    }
  }

  TEST_CASE("finetune_plain: losses, rates, logits, gradient norms and final weights") {
    if (!test::golden_ready("finetune_plain", {"finetune.json", "finetune.inputs.safetensors", "finetune_plain.trace.safetensors",
                                               "finetune_plain.final.safetensors", "fvit_tiny.json", "fvit_tiny.state.safetensors"})) {
      return;
    }
    Run run;
    test::HandStep hand;
    const int64_t accumulation = run.settings.at("accumulation"), micros = run.inputs.at("index").size(0);
    hand.step.micro_batches = accumulation;
    CHECK(std::abs(run.peak() - run.settings.at("eta").get<double>()) <= 1e-12 * run.peak());
    for (int64_t b = 0; b < micros; ++b) {
      CAPTURE(b);
      hand.step.time.index = b / accumulation;
      hand.step.micro_batch = b % accumulation;
      const test::HandBatch batch = run.batch(b);
      check_logits(run, batch, run.trace.at(fmt::format("micro{}.logits", b)));
      const at::Tensor loss = run.objective->loss(batch, hand.step);
      for (const double wanted :
           {run.trace.at("loss")[b].item<double>(), run.settings.at("plain_losses").at(static_cast<size_t>(b)).get<double>()}) {
        CHECK(std::abs(loss.item<double>() - wanted) < 1e-3);
      }
      (loss / accumulation).backward();
      if ((b + 1) % accumulation != 0) continue;
      const int64_t step = b / accumulation;
      for (const double wanted :
           {run.trace.at("lr")[step].item<double>(), run.settings.at("plain_lr").at(static_cast<size_t>(step)).get<double>()}) {
        CHECK(std::abs(run.lr(step) - wanted) <= 1e-12 * run.lr(step));
      }
      check_gradients(run, run.trace.at(fmt::format("step{}.grad_norm", step)));
      for (auto& [decay, group] : run.groups) group->rate = run.lr(step);
      run.optimizer->step();
      run.objective->module()->zero_grad(true);
    }
    for (const auto& [name, golden] : test::golden_tensors("finetune_plain.final.safetensors")) {
      CAPTURE(name);
      CHECK(test::max_error(nn::find_tensor(*run.objective->module(), ours_of(name)), golden) < 2e-4);
    }
    CHECK(hand.reporter.values.contains("accuracy"));
  }
  }  // namespace
}
