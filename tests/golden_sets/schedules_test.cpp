#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include "lafs/schedule.h"
#include "support/golden.h"

// Schedules of the references, in double (golden README, set 7): 1e-12 relative.
TEST_SUITE("schedules") {
  namespace {  // suites of several files share a name of doctest's making
  using namespace lafs;

  void check_close(double ours, double golden) { CHECK(std::abs(ours - golden) <= 1e-12 * std::max(std::abs(golden), 1e-300)); }

  /// One image an optimizer step, so that warm-up and length are W and T themselves.
  Timeline stacked(int64_t step, int64_t w, int64_t t) {
    Timeline time;
    time.index = step;
    time.epochs = static_cast<double>(w + t);
    time.images = 1;
    time.step_images = 1;
    time.total = w + t;
    return time;
  }

  Schedule finetune(double eta, double eta_min, double warmup_epochs) {
    Schedule schedule = cosine(eta, eta_min, warmup_epochs);
    schedule.shape = "finetune";
    return schedule;
  }

  TEST_CASE("schedules: the cosine with warm-up is the references'") {
    if (!test::golden_ready("schedules", {"schedules.json"})) return;
    const nlohmann::json cases = test::golden_json("schedules.json").at("cosine_scheduler");  // a temporary would be gone in the loop
    for (const auto& [name, c] : cases.items()) {
      CAPTURE(name);
      const Schedule schedule = cosine(c.at("base"), c.at("final"), c.at("warmup_epochs"));
      Timeline time;
      time.steps_per_epoch = c.at("iterations");
      time.epochs = c.at("epochs");
      time.total = c.at("length");
      for (size_t i = 0; i < c.at("index").size(); ++i) {
        time.index = c.at("index")[i];
        check_close(schedule.at(time), c.at("value")[i]);
      }
    }
  }

  TEST_CASE("schedules: the teacher's temperature moves by epochs") {
    if (!test::golden_ready("schedules", {"schedules.json"})) return;
    const nlohmann::json cases = test::golden_json("schedules.json").at("teacher_temperature");  // a temporary would be gone in the loop
    for (const auto& [name, c] : cases.items()) {
      CAPTURE(name);
      Schedule schedule;
      schedule.shape = "epoch_linear";
      schedule.warmup_from = c.at("args")[0];
      schedule.from = schedule.to = c.at("args")[1];
      schedule.warmup_epochs = c.at("args")[2];
      for (size_t epoch = 0; epoch < c.at("values").size(); ++epoch) {
        Timeline time;
        time.steps_per_epoch = 3;
        time.index = static_cast<int64_t>(epoch) * 3 + 2;
        time.epoch = static_cast<int64_t>(epoch);
        check_close(schedule.at(time), c.at("values")[epoch]);
      }
    }
  }

  TEST_CASE("schedules: the fine-tuning rate is that of the two stacked schedulers") {
    if (!test::golden_ready("schedules", {"schedules.json"})) return;
    const nlohmann::json cases = test::golden_json("schedules.json").at("finetune_lr");  // a temporary would be gone in the loop
    for (const auto& [name, c] : cases.items()) {
      CAPTURE(name);
      const Schedule schedule = finetune(c.at("eta"), c.at("eta_min"), c.at("W"));
      for (size_t i = 0; i < c.at("step").size(); ++i)
        check_close(schedule.at(stacked(c.at("step")[i], c.at("W"), c.at("T"))), c.at("lr")[i]);
    }
  }

  TEST_CASE("schedules: the peak of fine-tuning grows with accumulation and the root of the batch") {
    if (!test::golden_ready("schedules", {"schedules.json"})) return;
    const nlohmann::json cases = test::golden_json("schedules.json").at("finetune_peak");  // a temporary would be gone in the loop
    for (const auto& [name, value] : cases.items()) {
      CAPTURE(name);
      const auto number = [text = name](const std::string& mark) { return test::number_after(text, mark); };
      const auto batch = static_cast<int64_t>(number("R") * number("_B"));
      check_close(scaled_lr("lafs_sqrt", number("_lr"), batch, static_cast<int64_t>(number("_A"))), value);
    }
  }

  TEST_CASE("schedules: warm-up and length of fine-tuning are integer divisions") {
    if (!test::golden_ready("schedules", {"schedules.json"})) return;
    const nlohmann::json cases = test::golden_json("schedules.json").at("finetune_lengths");  // a temporary would be gone in the loop
    for (const auto& c : cases) {
      CAPTURE(c.dump());
      const double eta = 0.002, eta_min = 1e-6;
      const Schedule schedule = finetune(eta, eta_min, c.at("Ew"));
      const int64_t w = c.at("W"), t = c.at("T");
      Timeline time;
      time.epochs = c.at("E");
      time.images = c.at("N");
      time.step_images = c.at("A").get<int64_t>() * c.at("R").get<int64_t>() * c.at("B").get<int64_t>();
      for (const int64_t s : {int64_t{0}, int64_t{1}, w - 1, w, w + 1, w + 2, w + 1 + t / 3, w + t, w + 1 + t}) {
        time.index = s;
        const double cosine_part =
            eta_min + (eta - eta_min) * 0.5 * (1 + std::cos(M_PI * static_cast<double>(s - w - 1) / static_cast<double>(t)));
        check_close(schedule.at(time), s <= w ? eta * static_cast<double>(s) / static_cast<double>(w) : cosine_part);
      }
    }
  }
  }  // namespace
}
