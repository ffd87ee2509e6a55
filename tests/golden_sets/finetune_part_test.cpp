#include <algorithm>
#include <cmath>
#include <string>
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

    std::vector<double> errors;
    const auto final = test::golden_tensors("finetune_part.final_digest.safetensors");
    for (const auto& [key, golden] : final) {
      CAPTURE(key);
      if (key.ends_with("::stat")) {
        const at::Tensor ours = run.tensor(key.substr(0, key.size() - 6)).detach().to(at::kDouble);
        const double norm = golden[0].item<double>(), scale = std::sqrt(static_cast<double>(ours.numel()));
        CHECK(std::abs(ours.norm().item<double>() - norm) < 1e-3 * norm + 1e-5 * scale);
        CHECK(std::abs(ours.sum().item<double>() - golden[1].item<double>()) < 1e-3 * norm * scale);
      } else if (key.ends_with("::sample")) {
        const at::Tensor apart = (sampled(run.tensor(key.substr(0, key.size() - 8)), golden.numel()) - golden).abs();
        for (int64_t i = 0; i < apart.numel(); ++i) errors.push_back(apart[i].item<double>());
      } else {
        check_statistic(run.tensor(key), golden);
      }
    }
    REQUIRE(errors.size() > 100);
    std::sort(errors.begin(), errors.end());
    MESSAGE("final weights: largest error ", errors.back(), ", of 99 % ", errors[errors.size() * 99 / 100]);
    CHECK(errors.back() < 2e-3);
    CHECK(errors[errors.size() * 99 / 100] < 1e-5);
  }
  }  // namespace
}
