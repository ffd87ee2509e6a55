#include <doctest/doctest.h>

#include "support/step_trace.h"

// DINO's own transformer under our objective "dino" (golden README, set 5).
TEST_SUITE("dino_step") {
  TEST_CASE("dino_step: logits, losses, gradient norms, centres and weights of every step") {
    if (!lafs::test::StepTrace::ready("dino_step") || !lafs::test::golden_ready("dino_step", {"dino_step.final_teacher.safetensors"}))
      return;
    lafs::test::StepTrace("dino_step", "dino", "vit").run_on_pictures();
  }
}
