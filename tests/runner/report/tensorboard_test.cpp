#include "runner/report/tensorboard.h"

#include <cmath>

#include <doctest/doctest.h>

#include "imaging/decode.h"
#include "kernel/run/batch_pictures.h"
#include "runner/report/mosaic.h"
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

NamedMetrics with_baseline(double accuracy, double pixels) {
  NamedMetrics out{"lfw", {}, 0};
  out.metrics.values = {{"accuracy", "", accuracy}, {"accuracy", "pixels", pixels}};
  return out;
}

int64_t count(const std::string& all, const std::string& text) {
  int64_t found = 0;
  for (size_t at = all.find(text); at != std::string::npos; at = all.find(text, at + 1)) ++found;
  return found;
}

TEST_CASE("tensorboard: what training does not change is written once, and again where it did change") {
  const test::RunFolder folder;
  TensorBoard board;
  board.started({folder.path, 20, 0});
  for (const int64_t step : {5, 10, 15}) board.evaluated(step, {with_baseline(0.01 * static_cast<double>(step), 0.625)});
  CHECK(count(events(folder), "Baseline/lfw/pixels/accuracy") == 1);
  CHECK(count(events(folder), "Accuracy/lfw_Accuracy") == 3);
  board.evaluated(20, {with_baseline(0.5, 0.75)});
  CHECK(count(events(folder), "Baseline/lfw/pixels/accuracy") == 2);
}

TEST_CASE("tensorboard: a continued run knows the constants of steps that stay, and repeats those that readers forget") {
  const test::RunFolder folder;
  TensorBoard board;
  board.started({folder.path, 20, 0});
  const std::string line = "{\"step\":5,\"evaluation\":\"lfw\",\"accuracy\":0.5,\"pixels/accuracy\":0.625}\n";
  board.evaluated(5, {with_baseline(0.5, 0.625)});
  folder.write("metrics.jsonl", line);
  board.started({folder.path, 20, 7});
  board.evaluated(10, {with_baseline(0.5, 0.625)});
  CHECK(count(events(folder), "Baseline/lfw/pixels/accuracy") == 1);
  board.started({folder.path, 20, 5});  // forgets the evaluation of step 5
  CHECK(count(events(folder), "Baseline/lfw/pixels/accuracy") == 2);
  CHECK(count(events(folder), "Accuracy/lfw_Accuracy") == 3);
}

TEST_CASE("tensorboard: recipe and settings are written once, the recipe again when it is another") {
  const test::RunFolder folder;
  Recipe recipe;
  recipe.resolved = "[run]\nseed = 3\nthreads = 2\n\n[head]\nuse = \"cosface\"\nmargin = 0.25\n";
  const auto session = [&](int64_t first) {
    TensorBoard board;
    board.started({folder.path, 20, first, &recipe});
  };
  session(0);
  session(10);
  CHECK(count(events(folder), recipe.resolved) == 1);
  CHECK(count(events(folder), "head.margin") == 1);
  CHECK(events(folder).find("run.seed") != std::string::npos);
  CHECK(events(folder).find("run.threads") == std::string::npos);
  recipe.resolved += "scale = 32\n";
  session(15);
  CHECK(count(events(folder), recipe.resolved) == 1);
  session(0);  // from the start: readers forget all
  CHECK(count(events(folder), recipe.resolved) == 2);
}

TEST_CASE("tensorboard: a run with nothing left to train gets no file") {
  const test::RunFolder folder;
  TensorBoard board;
  board.started({folder.path, 20, 20});
  board.stopped();
  CHECK(folder.files_like("events.out.tfevents") == 0);
}

TEST_CASE("tensorboard: views of the first batch are pictures, a group each") {
  const test::RunFolder folder;
  const auto image = [](int64_t side, uint8_t level) {
    return imaging::image_of(side, side, std::vector<uint8_t>(static_cast<size_t>(side * side * 3), level));
  };
  const std::vector<Image> large{image(4, 10), image(4, 20)}, small{image(2, 30), image(2, 40)};
  const BatchPictures pictures{0, {"a", "b"}, {{"global", large}, {"global", large}, {"local", small}}};
  TensorBoard board;
  board.started({folder.path, 20, 0});
  board.first_batch(pictures);
  CHECK(count(events(folder), "Views/global") == 1);
  CHECK(count(events(folder), "Views/local") == 1);
  CHECK(count(events(folder), "\x89PNG") == 2);
  board.started({folder.path, 20, 10});
  board.first_batch(pictures);
  CHECK(count(events(folder), "\x89PNG") == 2);
  const Image sheet = mosaic({&large, &large});
  CHECK(sheet.height == 12);
  CHECK(sheet.width == 12);
  CHECK(sheet.row(0)[0] == 10);
  CHECK(sheet.row(5)[0] == 255);
  CHECK(sheet.row(11)[3 * 8] == 20);
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
