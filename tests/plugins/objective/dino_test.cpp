#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "nn/layers/tree.h"
#include "nn/train/initial_values.h"
#include "support/error_of.h"
#include "support/training.h"

using namespace lafs;

namespace {

struct DinoTask {
  test::HandAssembly assembly;
  std::shared_ptr<Objective> objective;
  test::HandBatch batch;
  test::HandStep hand;

  explicit DinoTask(const std::string& options = "", int64_t locals = 3, double dropout = 0, const std::string& head = "") {
    assembly.contract.height = assembly.contract.width = 32;
    assembly.backbone_use =
        test::use<Backbone>("fvit", fmt::format("dim = 16\ndepth = 1\nheads = 2\ndim_head = 8\nmlp_dim = 16\npatch = 8\n"
                                                "dropout = {}\nemb_dropout = 0\ndrop_path = 0",
                                                dropout));
    assembly.projector_use = test::use<Projector>("dino_head", "hidden = 16\nbottleneck = 8\noutputs = 24\n" + head);
    assembly.epoch_count = 10;
    objective = test::make<Objective>("dino", options, assembly);
    nn::initialise(*objective->module(), 4);
    const at::NoGradGuard no_grad;
    objective->start();
    torch::manual_seed(1);
    batch.groups["global"] = torch::randn({2, 4, 3, 32, 32});
    if (locals > 0) batch.groups["local"] = torch::randn({locals, 4, 3, 16, 16});
    batch.identities = torch::arange(4, at::kLong);
  }
};

std::string dino_error_of(const std::string& options) {
  return test::error_of([&] { const DinoTask task(options); });
}

}  // namespace

TEST_CASE("dino: the tree holds centre, student and teacher, and evaluation uses the teacher") {
  const DinoTask task;
  std::vector<std::string> parts;
  for (const auto& [name, tensor] : nn::state_of(*task.objective->module())) {
    const std::string part = name.substr(0, name.find('.', name.find('.') + 1));
    if (parts.empty() || parts.back() != part) parts.push_back(part);
  }
  CHECK(parts == std::vector<std::string>{"center", "student.backbone", "student.head", "teacher.backbone", "teacher.head"});
  CHECK(task.objective->encoder() == "teacher.backbone");
  CHECK(nn::find_tensor(*task.objective->module(), "center").sizes().vec() == std::vector<int64_t>{1, 24});
}

TEST_CASE("dino: a fresh run starts with a teacher that is the student") {
  const DinoTask task;
  for (const auto& [name, tensor] : nn::state_of(*nn::submodule(*task.objective->module(), "student"))) {
    CAPTURE(name);
    CHECK(at::equal(tensor, nn::find_tensor(*nn::submodule(*task.objective->module(), "teacher"), name)));
  }
}

TEST_CASE("dino: norms in the teacher's head are those of the batch, whether it drops out or not (P7)") {
  for (const char* mode : {"true", "false"}) {
    CAPTURE(mode);
    DinoTask task(std::string("teacher_train_mode = ") + mode, 3, 0, "batch_norm = true");
    const double loss = task.objective->loss(task.batch, task.hand.step).item<double>();
    int64_t changed = 0;
    for (const auto& [name, tensor] : nn::state_of(*nn::submodule(*task.objective->module(), "teacher.head"))) {
      if (!name.ends_with("running_mean")) continue;
      const at::NoGradGuard no_grad;
      tensor.fill_(5);
      ++changed;
    }
    CHECK(changed > 0);
    CHECK(task.objective->loss(task.batch, task.hand.step).item<double>() == loss);
  }
}

TEST_CASE("dino: a teacher that names one prototype for all pictures is reported") {
  DinoTask task("center_momentum = 0");
  const at::NoGradGuard no_grad;
  task.objective->loss(task.batch, task.hand.step);
  task.objective->after_update(task.hand.step);  // the centre is the mean of what the teacher said
  task.objective->loss(task.batch, task.hand.step);
  CHECK(task.hand.reporter.values.at("prototypes_named") > 1);
  nn::find_tensor(*task.objective->module(), "center").fill_(5).select(1, 7).zero_();
  task.objective->loss(task.batch, task.hand.step);
  CHECK(task.hand.reporter.values.at("prototypes_named") == 1);
  task.hand.reporter.notes.clear();
  task.hand.step.time.index = 50;
  task.hand.step.time.steps = 1000;
  task.objective->after_update(task.hand.step);
  CHECK(task.hand.reporter.notes ==
        std::vector<std::string>{
            "the teacher may have collapsed: it names the same few prototypes for all pictures (1 for 8 views, entropy 0.0000 "
            "of 3.1781)"});
}

TEST_CASE("dino: without local views only where they need not be there (P17)") {
  CHECK(DinoTask().objective->required_views().size() == 2);
  DinoTask task("need_local_views = false", 0);
  CHECK(task.objective->required_views().size() == 1);
  CHECK(task.objective->loss(task.batch, task.hand.step).isfinite().item<bool>());
}

TEST_CASE("dino: the teacher drops out unless it is told not to (P7)") {
  // The centre after a step is the teacher's mean logits: it shows whether chance had a part in them.
  const auto centre = [](const std::string& options, uint64_t key) {
    DinoTask task(options, 3, 0.5);
    task.hand.step.draws = std::make_shared<test::HandDraws>(std::vector<int64_t>{0, 1, 2, 3}, key);
    task.objective->loss(task.batch, task.hand.step);
    const at::NoGradGuard no_grad;
    task.objective->after_update(task.hand.step);
    return nn::find_tensor(*task.objective->module(), "center").clone();
  };
  CHECK(!at::equal(centre("", 1), centre("", 2)));
  CHECK(at::equal(centre("teacher_train_mode = false", 1), centre("teacher_train_mode = false", 2)));
}

TEST_CASE("dino: student and teacher draw under names of their own, each view its own numbers") {
  DinoTask task("", 3, 0.5);
  const auto draws = std::make_shared<test::HandDraws>(std::vector<int64_t>{0, 1, 2, 3});
  task.hand.step.draws = draws;
  task.objective->loss(task.batch, task.hand.step);
  bool student = false, teacher = false;
  for (const std::string& name : *draws->asked) {
    student = student || name.starts_with("student/backbone/");
    teacher = teacher || name.starts_with("teacher/backbone/");
  }
  CHECK(student);
  CHECK(teacher);
}

TEST_CASE("dino: temperatures that cannot be, and warm-ups that do not fit the run") {
  const std::string where = "inline.toml:1:1: error: objective \"dino\": ";
  CHECK(dino_error_of("teacher_temperature = 0") == where + "teacher_temperature: from = 0; a temperature must be above 0");
  CHECK(dino_error_of("teacher_temperature = { shape = \"epoch_linear\", from = 0.04, warmup_from = 0, warmup_epochs = 3 }") ==
        where + "teacher_temperature: warmup_from = 0; a temperature must be above 0");
  CHECK(dino_error_of("teacher_temperature = { shape = \"cosine\", from = 0.04 }") ==
        where + "teacher_temperature: to = 0; a temperature must be above 0");
  CHECK(dino_error_of("teacher_temperature = { shape = \"epoch_linear\", from = 0.04, warmup_from = 0.07, warmup_epochs = 11 }") ==
        where + "teacher_temperature: warmup_epochs = 11 is more than the 10 epochs of the run; shorten_warmup = true would shorten it");
  CHECK(
      dino_error_of(
          "shorten_warmup = true\nteacher_temperature = { shape = \"epoch_linear\", from = 0.04, warmup_from = 0.07, warmup_epochs = 11 }")
          .empty());
}
