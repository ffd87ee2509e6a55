#include "support/finetune_run.h"

// Micro-batches and AdamW steps of supervised training by the reference (golden README, set 8): losses 1e-3, final weights 2e-4.
TEST_SUITE("finetune_plain") {
  using namespace lafs;

  TEST_CASE("finetune_plain: losses, rates, logits, gradient norms and final weights") {
    if (!test::FinetuneRun::ready("plain", "fvit_tiny", "finetune_plain.final.safetensors")) return;
    test::FinetuneRun run("plain", "fvit_tiny", "fvit");
    const auto loss = [&](int64_t micro) {
      const test::HandBatch batch = run.batch(micro);
      {
        const at::NoGradGuard no_grad;
        nn::Targets targets;
        targets.label_a = batch.identities;
        const auto head = run.assembly.head();
        const at::Tensor logits = run.classifier()->logits(run.backbone()->forward(batch.views("image")[0], {}), targets, *head, {});
        CHECK(test::max_error(logits, run.trace.at(fmt::format("micro{}.logits", micro))) < 1e-3);
      }
      return run.objective->loss(batch, run.hand.step);
    };
    run.train(loss, [](const std::string&) { return 2e-3; }, 0);
    for (const auto& [name, golden] : test::golden_tensors("finetune_plain.final.safetensors")) {
      CAPTURE(name);
      CHECK(test::max_error(run.tensor(name), golden) < 2e-4);
    }
    CHECK(run.hand.reporter.values.contains("accuracy"));
  }
}
