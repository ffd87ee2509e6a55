#include "support/finetune_run.h"

// The same with mixed pictures and targets (golden README, set 8): losses 1e-3, final weights 2e-4. The weights of the mixture are
// recorded.
TEST_SUITE("finetune_mixup") {
  using namespace lafs;

  TEST_CASE("finetune_mixup: targets, losses, rates, logits, gradient norms and final weights") {
    if (!test::FinetuneRun::ready("mixup", "fvit_tiny", "finetune_mixup.final.safetensors")) return;
    test::FinetuneRun run("mixup", "fvit_tiny", "fvit");
    const auto head = run.assembly.head();
    const auto loss = [&](int64_t micro) {
      const test::HandBatch batch = run.batch(micro);
      const double lambda = run.inputs.at("mixup_lambda")[micro].item<double>();
      const at::Tensor images = batch.views("image")[0];
      nn::Targets targets;
      targets.label_a = batch.identities;
      targets.label_b = batch.identities.flip(0);
      targets.lambda = at::full({batch.size()}, lambda, at::kFloat);

      at::Tensor dense = at::zeros({batch.size(), run.assembly.identities()});
      dense.scatter_add_(1, targets.label_a.unsqueeze(1), targets.lambda.unsqueeze(1));
      dense.scatter_add_(1, targets.label_b.unsqueeze(1), 1 - targets.lambda.unsqueeze(1));
      CHECK(test::max_error(dense, run.trace.at(fmt::format("micro{}.target", micro))) < 1e-6);

      const at::Tensor mixed = lambda < 1 ? images * lambda + images.flip(0) * (1 - lambda) : images;
      const at::Tensor embedding = run.backbone()->forward(mixed, {});
      CHECK(test::max_error(run.classifier()->logits(embedding, targets, *head, {}), run.trace.at(fmt::format("micro{}.logits", micro))) <
            1e-3);
      return run.classifier()->loss(embedding, targets, *head, {});
    };
    run.train(loss, [](const std::string&) { return 2e-3; }, 0);
    for (const auto& [name, golden] : test::golden_tensors("finetune_mixup.final.safetensors")) {
      CAPTURE(name);
      CHECK(test::max_error(run.tensor(name), golden) < 2e-4);
    }
  }
}
