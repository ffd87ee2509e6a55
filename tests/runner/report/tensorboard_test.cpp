#include "runner/report/tensorboard.h"

#include <cmath>

#include <doctest/doctest.h>

#include "support/run_folder.h"

namespace lafs {
namespace {

StepRecord record(int64_t step) { return {step, step / 10, 0.5, 0.25, 0.125, 2, 100, {{"accuracy", 0.75}, {"loss", 3}}}; }

NamedMetrics lfw() {
  NamedMetrics out{"lfw", {}, 0};
  out.metrics.values = {{"accuracy", "", 0.75, 0.5, 600, Unit::share}, {"threshold", "", 1.5}, {"auc", "", 0.875}};
  return out;
}

std::string events(const test::RunFolder& folder) {
  std::string all;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("events.out.tfevents")) all += folder.read(name);
  }
  return all;
}

TEST_CASE("tensorboard: the tags are those of the reference") {
  const test::RunFolder folder;
  TensorBoard board;
  board.started({folder.path, 20, 10});
  board.record(record(10));
  board.evaluated(10, {lfw()});
  const std::string all = events(folder);
  for (const char* tag : {"Training/Training_Loss", "LR", "Training/Training_Accuracy", "Training/Gradient_Norm", "Accuracy/lfw_Accuracy",
                          "Threshold/lfw_Best_Threshold", "Evaluation/lfw/auc"}) {
    CAPTURE(tag);
    CHECK(all.find(tag) != std::string::npos);
  }
}

TEST_CASE("tensorboard: each session has an events file of its own") {
  const test::RunFolder folder;
  for (int session = 0; session < 2; ++session) {
    TensorBoard board;
    board.started({folder.path, 20, 10});
    board.record(record(10));
    board.stopped();
  }
  CHECK(folder.files_like("events.out.tfevents") == 2);
}

TEST_CASE("tensorboard: a value that is not finite is left out") {
  const test::RunFolder folder;
  TensorBoard board;
  board.started({folder.path, 20, 0});
  StepRecord diverged = record(10);
  diverged.loss = std::nan("");
  board.record(diverged);
  board.saving();
  CHECK(events(folder).find("Training/Training_Loss") == std::string::npos);
  CHECK(events(folder).find("LR") != std::string::npos);
}

}  // namespace
}  // namespace lafs
