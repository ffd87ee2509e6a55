#include <doctest/doctest.h>

#include "support/step_trace.h"

// DINO-face: fViT on pictures, local views on the first rows of its position table (golden README, set 5; pretraining.md 12).
TEST_SUITE("dinoface_step") {
  TEST_CASE("dinoface_step: logits, losses, gradient norms, centres and weights of every step") {
    if (!lafs::test::StepTrace::ready("dinoface_step")) return;
    lafs::test::StepTrace("dinoface_step", "dino", "fvit").run_on_pictures();
  }
}
