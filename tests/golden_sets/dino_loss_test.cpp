#include <algorithm>
#include <string>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/schedule.h"
#include "nn/loss/dino_loss.h"
#include "support/golden.h"

// Loss, gradient and temperatures of the reference over five epochs (golden README, set 4).
TEST_SUITE("dino_loss") {
  namespace {  // suites of several files share a name of doctest's making
  using namespace lafs;

  TEST_CASE("dino_loss: losses, gradients and centres of six steps") {
    if (!test::golden_ready("dino_loss", {"dino_loss.json", "dino_loss.safetensors"})) return;
    const nlohmann::json settings = test::golden_json("dino_loss.json");
    const auto tensors = test::golden_tensors("dino_loss.safetensors");
    Schedule temperature = settings.at("teacher_temp").get<double>();
    temperature.shape = "epoch_linear";
    temperature.warmup_from = settings.at("warmup_teacher_temp");
    temperature.warmup_epochs = settings.at("warmup_teacher_temp_epochs");
    double loss_error = 0, gradient_error = 0, centre_error = 0;
    for (size_t s = 0; s < settings.at("epoch_of_step").size(); ++s) {
      CAPTURE(s);
      const auto of = [&](const char* what) { return tensors.at(fmt::format("step{}.{}", s, what)); };
      Timeline time;
      time.epoch = settings.at("epoch_of_step")[s];
      time.epochs = settings.at("epochs");
      nn::DinoLossOptions options;
      options.student_temperature = settings.at("student_temp");
      options.teacher_temperature = temperature.at(time);
      options.teacher_views = of("teacher").size(0) / settings.at("batch").get<int64_t>();
      const double wanted = settings.at("teacher_temp_schedule")[static_cast<size_t>(time.epoch)];
      CHECK(std::abs(options.teacher_temperature - wanted) < 1e-12);
      for (const bool plain : {true, false}) {
        const at::Tensor student = of("student").clone().to(test::input_type()).requires_grad_(true);
        const at::Tensor loss =
            (plain ? nn::dino_loss_plain : nn::dino_loss)(student, of("teacher").to(test::input_type()), of("center_before"), options);
        loss.backward();
        for (const double wanted_loss : {of("loss").item<double>(), settings.at("losses")[s].get<double>()}) {
          loss_error = std::max(loss_error, std::abs(loss.item<double>() - wanted_loss));
        }
        gradient_error = std::max(gradient_error, test::relative_error(student.grad(), of("grad_student")));
      }
      const double keep = settings.at("center_momentum");
      const at::Tensor centre =
          of("center_before") * keep + of("teacher").sum(0, true) / static_cast<double>(of("teacher").size(0)) * (1 - keep);
      centre_error = std::max(centre_error, test::max_error(centre, of("center_after")));
    }
    MESSAGE("dino_loss: loss ", loss_error, ", gradient ", gradient_error, ", centre ", centre_error);
    CHECK(loss_error < test::limit(5e-6, 6e-3));
    CHECK(gradient_error < test::limit(1e-5, 4e-2));
    CHECK(centre_error < (test::device().is_cpu() ? 1e-7 : 1e-6));
  }
  }  // namespace
}
