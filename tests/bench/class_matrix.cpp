// A step of the class matrix alone, timed beside peer/class_matrix.py: loss and gradients of embeddings of a batch over all identities, or
// some of them (Partial FC), and SGD with momentum and decay. Writes what the peer must reproduce.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/types.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "formats/safetensors.h"
#include "kernel/ranks/memory.h"
#include "kernel/train/draws.h"
#include "lafs/error.h"
#include "nn/loss/classifier.h"
#include "nn/train/fused_update.h"
#include "nn/train/row_gradient.h"

namespace {

using Clock = std::chrono::steady_clock;
using namespace lafs;

struct CosFace final : Head, Margin {
  double scale() const override { return 64; }
  at::Tensor target(const TargetRows& rows, const Pass&) override { return rows.cosines - 0.4; }
};

/// Curricular in kind: cosines above the target's are raised.
struct Raising final : Head, Margin, ChangesNegatives {
  double scale() const override { return 64; }
  at::Tensor target(const TargetRows& rows, const Pass&) override { return rows.cosines - 0.4; }
  at::Tensor negatives(const at::Tensor& cosines, const at::Tensor& targets, const Pass&) override {
    return at::where(cosines > targets.unsqueeze(1), cosines * (0.3 + cosines), cosines);
  }
  bool elementwise() const override { return true; }
};

struct Settings {
  int64_t classes = 205990, width = 512, batch = 32, threads = 2;
  std::string form = "fused", targets = "hard", update = "sparse", head = "cosface", out;
  double rate = 1, seconds = 10;
};

class MatrixStep {
 public:
  explicit MatrixStep(const Settings& settings) : s_(settings), abilities_(*head()) {
    nn::Classifier::Options options;
    options.classes = s_.classes;
    options.width = s_.width;
    options.sampling.rate = s_.rate;
    if (s_.update == "sparse") options.rows = RowUpdates::counted_by_row;
    classifier_ = std::make_shared<nn::Classifier>(options);
    torch::manual_seed(0);
    const at::NoGradGuard no_grad;
    classifier_->weight.normal_(0, 0.01);
    direction_ = at::zeros_like(classifier_->weight);
    embedding_ = torch::randn({s_.batch, s_.width});
    targets_.label_a = torch::randint(0, s_.classes, {s_.batch}, at::kLong);
    if (s_.targets == "hard") return;
    targets_.label_b = targets_.label_a.flip(0);
    targets_.lambda = torch::full({s_.batch}, 0.3);
  }

  at::Tensor loss(int64_t index) {
    embedding_ = embedding_.detach().requires_grad_(true);
    Pass pass;
    if (s_.rate < 1) pass = {true, keyed_draws(0, index, 0, std::vector<int64_t>(static_cast<size_t>(s_.batch)), at::kCPU), nullptr};
    return s_.form == "plain" ? classifier_->loss_plain(embedding_, targets_, abilities_, pass)
                              : classifier_->loss(embedding_, targets_, abilities_, pass);
  }

  void update() {
    const nn::MomentumNumbers numbers{0.1, 5e-4, 0.9, 0, false};
    at::Tensor& weight = classifier_->weight;
    if (weight.grad().is_sparse()) {
      const at::Tensor gradient = nn::coalesced_rows(weight.grad());
      nn::momentum_rows(weight, gradient._indices()[0], gradient._values(), direction_, numbers);
    } else {
      nn::momentum_step({weight}, {weight.grad()}, {direction_}, numbers);
    }
    weight.mutable_grad() = at::Tensor();
  }

  double run(int64_t index) {
    const at::Tensor value = loss(index);
    value.backward();
    update();
    return value.item<double>();
  }

  /// The first step, with what it did to some rows.
  void write(const std::string& file) {
    const at::Tensor value = loss(0);
    value.backward();
    const at::Tensor sample = classifier_->sampled().defined() ? classifier_->sampled() : torch::tensor({int64_t{-1}});
    update();
    const at::Tensor rows = at::cat({targets_.label_a, at::arange(0, s_.classes, s_.classes / 100)});
    const at::Tensor changed = classifier_->weight.detach().index_select(0, rows), gradient = embedding_.grad();
    const at::Tensor scalar = value.detach().reshape({1});
    std::vector<formats::TensorBytes> tensors;
    const auto add = [&](const char* name, const char* type, const at::Tensor& t) {
      tensors.push_back({name, type, t.sizes().vec(), {static_cast<const std::byte*>(t.const_data_ptr()), t.nbytes()}});
    };
    add("loss", "F32", scalar);
    add("embedding_gradient", "F32", gradient);
    add("rows", "I64", rows);
    add("weight_rows", "F32", changed);
    add("sample", "I64", sample);
    const nlohmann::json facts{
        {"classes", s_.classes}, {"width", s_.width}, {"batch", s_.batch}, {"rate", s_.rate}, {"targets", s_.targets}};
    formats::write_safetensors(file, tensors, {{"facts", facts.dump()}});
  }

 private:
  Head* head() { return s_.head == "cosface" ? static_cast<Head*>(&cosface_) : &raising_; }

  Settings s_;
  CosFace cosface_;
  Raising raising_;
  nn::HeadAbilities abilities_;
  std::shared_ptr<nn::Classifier> classifier_;
  at::Tensor direction_, embedding_;
  nn::Targets targets_;
};

void measure(MatrixStep& step, const Settings& settings) {
  step.run(1);
  std::vector<double> seconds;
  const auto start = Clock::now();
  double loss = 0;
  for (int64_t index = 2; seconds.size() < 3 || std::chrono::duration<double>(Clock::now() - start).count() < settings.seconds; ++index) {
    const auto begin = Clock::now();
    loss = step.run(index);
    seconds.push_back(std::chrono::duration<double>(Clock::now() - begin).count());
  }
  if (!std::isfinite(loss)) throw Error("the loss is not finite");
  std::sort(seconds.begin(), seconds.end());
  const nlohmann::json result{{"step_seconds", seconds[seconds.size() / 2]},
                              {"steps", seconds.size()},
                              {"peak_memory_mb", static_cast<double>(peak_bytes()) / (1 << 20)}};
  fmt::print("{}\n", result.dump());
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("a step of the class matrix");
  Settings s;
  app.add_option("--classes", s.classes);
  app.add_option("--width", s.width);
  app.add_option("--batch", s.batch);
  app.add_option("--threads", s.threads);
  app.add_option("--form", s.form)->check(CLI::IsMember({"fused", "plain"}));
  app.add_option("--targets", s.targets)->check(CLI::IsMember({"hard", "soft"}));
  app.add_option("--update", s.update)->check(CLI::IsMember({"sparse", "dense"}));
  app.add_option("--head", s.head)->check(CLI::IsMember({"cosface", "raising"}));
  app.add_option("--rate", s.rate);
  app.add_option("--seconds", s.seconds);
  app.add_option("--out", s.out, "file for the peer");
  CLI11_PARSE(app, argc, argv);
  try {
    keep_freed_memory();
    at::set_num_threads(static_cast<int>(s.threads));
    MatrixStep step(s);
    if (!s.out.empty()) step.write(s.out);
    measure(step, s);
  } catch (const std::exception& error) {
    fmt::print(stderr, "lafs_class_matrix: {}\n", error.what());
    return 1;
  }
  return 0;
}
