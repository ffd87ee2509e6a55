#include <cmath>
#include <limits>
#include <map>
#include <memory>

#include <ATen/ATen.h>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <torch/nn/module.h>

#include "kernel/data/epochs.h"
#include "kernel/train/tiny_recipe.h"
#include "kernel/train/trainer.h"
#include "nn/layers/tree.h"

namespace lafs {
namespace {

using test::apart;
using test::Tensors;

/// A trainer of the tiny recipe whose steps can be taken one by one.
struct Steps {
  explicit Steps(const std::string& run, const std::string& optimizer = "use = \"sgd\"\nmomentum = 0\nlr = 1\nweight_decay = 0\n")
      : Steps(test::tiny_recipe("epochs = 20\n" + run, optimizer)) {}
  explicit Steps(Recipe read)
      : recipe(std::move(read)),
        assembly(recipe, RecipeAssembly::Data::open, [](const std::string&) {}),
        trainer(recipe, assembly, at::kCPU) {
    trainer.initialise([](const std::string&) {});
    LoaderOptions options;
    options.seed = 3;
    options.batch = 8;
    options.end = 40;
    loader = std::make_unique<Loader>(assembly.data(), assembly.augmentation(), recipe.input, options, at::kCPU);
    time = Epochs(recipe.run, assembly.images()).timeline();
  }
  StepOutcome next() {
    StepOutcome outcome = trainer.step(time, [&] { return loader->next(); });
    ++time.index;
    return outcome;
  }
  Tensors state() {
    Tensors out;
    for (const auto& [name, tensor] : nn::state_of(trainer.root())) out[name] = tensor.detach().clone();
    return out;
  }

  Recipe recipe;
  RecipeAssembly assembly;
  Trainer trainer;
  std::unique_ptr<Loader> loader;
  Timeline time;
};

double value_of(const StepOutcome& outcome, const std::string& name) {
  for (const auto& [known, value] : outcome.values) {
    if (known == name) return value;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

/// What a step of descent with rate 1 took away: the gradient.
Tensors gradient(const std::string& run) {
  Steps steps(run);
  Tensors out = steps.state();
  steps.next();
  for (const auto& [name, after] : steps.state()) out[name] -= after;
  return out;
}

bool equal(const Tensors& a, const Tensors& b) {
  for (const auto& [name, tensor] : a) {
    if (!at::equal(tensor, b.at(name))) return false;
  }
  return true;
}

const std::string fp16 = "precision = \"fp16\"\n";
/// No gradient of the tiny recipe overflows under it.
const std::string fitting = fp16 + "[run.loss_scale]\nstart = 16\n";
/// So large that every gradient overflows.
const std::string too_large = fp16 + "[run.loss_scale]\nstart = 1e30\n";

const std::string distillation = R"([input]
height = 32
width = 32
[data_source]
use = "synthetic_faces"
identities = 4
per_identity = 8
size = 32
[augmentation]
use = "dino_views"
global_size = 32
local_size = 16
local_views = 2
[backbone]
use = "fvit"
dim = 24
depth = 1
heads = 2
dim_head = 12
mlp_dim = 32
[projector]
use = "dino_head"
hidden = 32
bottleneck = 16
outputs = 64
[objective]
use = "dino"
teacher_temperature = 0.04
momentum_teacher = 0.9
[optimizer]
use = "sgd"
lr = 1
[run]
seed = 3
batch = 8
device = "cpu"
threads = 1
loader_threads = 1
)";

TEST_CASE("trainer, fp16: gradients are those of fp32 to its precision, also clipped and of several micro-batches") {
  for (const std::string more :
       {"", "accumulate = 3\n", "clip = \"global\"\nclip_norm = 0.01\n", "clip = \"per_tensor\"\nclip_norm = 0.01\n"}) {
    CAPTURE(more);
    const double difference = apart(gradient(more), gradient(more + fitting));
    CHECK(difference > 0);
    CHECK(difference < 0.02);
  }
}

TEST_CASE("trainer, fp16: it reports the scale of the step and what was skipped") {
  Steps steps(fitting + "growth_interval = 1\n");
  CHECK(value_of(steps.next(), "loss_scale") == 16);
  const StepOutcome second = steps.next();
  CHECK(value_of(second, "loss_scale") == 32);
  CHECK(value_of(second, "skipped_steps") == 0);
  CHECK(second.notes.empty());
  CHECK(steps.trainer.scaler()->state().scale == 64);
}

TEST_CASE("trainer, fp16: an overflow leaves weights and optimizer alone, and lowers the scale until steps are taken") {
  Steps steps(too_large + "backoff = 1e-6\n", "use = \"adamw\"\nlr = 1e-3\n");
  const Tensors before = steps.state();
  const StepOutcome first = steps.next();
  CHECK(!std::isfinite(first.gradient_norm));
  CHECK(std::isfinite(first.loss));
  REQUIRE(first.notes.size() == 1);
  CHECK_FALSE(first.notes.front().kept);
  CHECK(first.notes.front().text == "update skipped: a gradient is not finite at loss scale 1e+30, which is now 1e+24; 1 skipped so far");
  CHECK(value_of(first, "skipped_steps") == 1);
  CHECK(equal(before, steps.state()));
  StepOutcome last;
  while (!std::isfinite(last.gradient_norm) || last.loss == 0) last = steps.next();
  CHECK(!equal(before, steps.state()));
  CHECK(last.notes.empty());

  Steps from_there(fp16 + fmt::format("[run.loss_scale]\nstart = {}\n", value_of(last, "loss_scale")), "use = \"adamw\"\nlr = 1e-3\n");
  while (from_there.time.index + 1 < steps.time.index) {
    from_there.loader->next();
    ++from_there.time.index;
  }
  from_there.next();
  CHECK(equal(from_there.state(), steps.state()));  // the optimizer did not count what was skipped
}

TEST_CASE("trainer, fp16: an overflow in one micro-batch skips the step of all") {
  Steps steps("accumulate = 2\n" + fitting);
  const Tensors before = steps.state();
  int calls = 0;
  steps.trainer.root().parameters().front().register_hook(
      [&calls](const at::Tensor& gradient) { return calls++ == 0 ? gradient * std::numeric_limits<float>::infinity() : gradient; });
  CHECK(steps.next().notes.size() == 1);
  CHECK(calls == 2);
  CHECK(equal(before, steps.state()));
  CHECK(steps.next().notes.empty());  // nothing of the first is left in the gradients
  CHECK(!equal(before, steps.state()));
}

TEST_CASE("trainer, fp16: a gradient that no scale makes finite stops the run and says so") {
  Steps steps(fp16 + "[run.loss_scale]\nstart = 1\nbackoff = 0.01\n");
  steps.trainer.root().parameters().front().register_hook(
      [](const at::Tensor& gradient) { return gradient * std::numeric_limits<float>::quiet_NaN(); });
  CHECK(steps.next().notes.size() == 1);
  steps.next();
  steps.next();
  CHECK_THROWS_WITH_AS(
      steps.next(), "the gradient is not finite in step 3 at any loss scale: it fell to 1e-08, 4 steps in a row were skipped", NotFinite);
}

TEST_CASE("trainer, fp16: the teacher and its centre move on where the update is skipped (quirk P19)") {
  Steps steps(open_recipe_text(distillation + too_large, "tiny.toml", {}, test::registry()));
  const at::NoGradGuard no_grad;
  for (const auto& item : steps.trainer.root().named_parameters()) {
    if (item.key().starts_with("student.backbone.")) item.value().add_(0.01);  // or teacher and student would be the same
  }
  const Tensors before = steps.state();
  StepOutcome outcome;
  {
    const at::AutoGradMode grad(true);
    outcome = steps.next();
  }
  CHECK(value_of(outcome, "skipped_steps") == 1);
  size_t teachers = 0;
  for (const auto& [name, after] : steps.state()) {
    CAPTURE(name);
    const at::Tensor& was = before.at(name);
    if (name.starts_with("student.")) CHECK(at::equal(after, was));
    if (name == "center") CHECK(!at::equal(after, was));
    const auto student = before.find("student." + name.substr(name.find('.') + 1));
    if (!name.starts_with("teacher.backbone.") || student == before.end()) continue;
    CHECK(at::allclose(after, was * 0.9 + student->second * 0.1, 1e-5, 1e-7));
    ++teachers;
  }
  CHECK(teachers > 5);
}

TEST_CASE("trainer, fp32: a gradient that is not finite stops the run at once") {
  Steps steps("");
  steps.trainer.root().parameters().front().register_hook(
      [](const at::Tensor& gradient) { return gradient * std::numeric_limits<float>::infinity(); });
  CHECK_THROWS_AS(steps.next(), NotFinite);
}

}  // namespace
}  // namespace lafs
