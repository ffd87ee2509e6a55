#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "kernel/train/saved_buffers.h"
#include "support/finetune_run.h"

// Part-fViT in training mode, its landmark CNN among what trains (golden README, set 8): losses 1e-3, final weights 2e-3 at most and 99 %
// of them within 1e-5, statistics of BatchNorm 1e-5 of their size.
TEST_SUITE("finetune_part") {
  namespace {  // suites of several files share a name of doctest's making
  using namespace lafs;

  /// The elements that a digest holds.
  at::Tensor sampled(const at::Tensor& tensor, int64_t count) {
    const at::Tensor flat = tensor.detach().flatten().to(at::kDouble);
    return flat.index_select(0, at::floor_divide(at::arange(count, at::kLong) * flat.numel(), count));
  }

  /// The error that this share of all elements stays below; sorts.
  double error_of_share(std::vector<std::pair<double, double>>& errors, double share) {
    std::sort(errors.begin(), errors.end());
    double all = 0, below = 0;
    for (const auto& [error, count] : errors) all += count;
    for (const auto& [error, count] : errors) {
      below += count;
      if (below >= share * all) return error;
    }
    return errors.back().first;
  }

  void check_statistic(const at::Tensor& ours, const at::Tensor& golden) {
    if (golden.scalar_type() == at::kLong) {
      CHECK(ours.item<int64_t>() == golden.item<int64_t>());
    } else {
      CHECK(test::max_error(ours, golden) < 1e-5 * std::max(1.0, golden.abs().max().item<double>()));
    }
  }

  TEST_CASE("finetune_part: losses, rates, logits, gradient norms, final weights and statistics") {
    if (!test::FinetuneRun::ready("part", "part_fvit_tiny", "finetune_part.final_digest.safetensors")) return;
    test::FinetuneRun run("part", "part_fvit_tiny", "part_fvit");
    const auto loss = [&](int64_t micro) {
      const test::HandBatch batch = run.batch(micro);
      {
        const at::NoGradGuard no_grad;
        SavedBuffers before(*run.objective->module());
        nn::Targets targets;
        targets.label_a = batch.identities;
        const auto head = run.assembly.head();
        const Pass training{true, nullptr};
        const at::Tensor logits =
            run.classifier()->logits(run.backbone()->forward(batch.views("image")[0], training), targets, *head, training);
        CHECK(test::max_error(logits, run.trace.at(fmt::format("micro{}.logits", micro))) < 1e-3);
        before.restore();
      }
      return run.objective->loss(batch, run.hand.step);
    };
    // Gradients that the next normalisation takes away are rounding alone.
    run.train(loss, [](const std::string& name) { return name.starts_with("stn.") ? 3e-2 : 1e-2; }, 1e-4);

    std::vector<std::pair<double, double>> errors;  // of an element, and how many elements it stands for
    const auto final = test::golden_tensors("finetune_part.final_digest.safetensors");
    for (const auto& [key, golden] : final) {
      CAPTURE(key);
      if (key.ends_with("::stat")) {
        const at::Tensor ours = run.tensor(key.substr(0, key.size() - 6)).detach().to(at::kDouble);
        const double norm = golden[0].item<double>(), scale = std::sqrt(static_cast<double>(ours.numel()));
        // AdamW makes steps up to the rate, 1e-3, out of gradients that are rounding alone.
        CHECK(std::abs(ours.norm().item<double>() - norm) < 1e-3 * norm + 1e-3 * scale);
        CHECK(std::abs(ours.sum().item<double>() - golden[1].item<double>()) < 1e-3 * norm * scale + 1e-3 * scale * scale);
      } else if (key.ends_with("::sample")) {
        const at::Tensor ours = run.tensor(key.substr(0, key.size() - 8));
        const at::Tensor apart = (sampled(ours, golden.numel()) - golden).abs();
        const double stands_for = static_cast<double>(ours.numel()) / static_cast<double>(golden.numel());
        for (int64_t i = 0; i < apart.numel(); ++i) errors.emplace_back(apart[i].item<double>(), stands_for);
      } else {
        check_statistic(run.tensor(key), golden);
      }
    }
    REQUIRE(errors.size() > 100);
    const double most = error_of_share(errors, 0.99);
    MESSAGE("final weights: largest error ", errors.back().first, ", of 99 % ", most);
    CHECK(errors.back().first < 2e-3);
    CHECK(most < 1e-5);
  }
  }  // namespace
}
