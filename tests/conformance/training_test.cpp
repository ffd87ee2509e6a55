#include <doctest/doctest.h>

#include "conformance/evaluator_suite.h"
#include "conformance/harness.h"
#include "conformance/objective_suite.h"
#include "conformance/optimizer_suite.h"

namespace {

using namespace lafs;

TEST_CASE("conformance: every objective has a loss that trains its encoder and changes nothing else") {
  conformance::over_plugins("objective",
                            [](const RegistryEntry& entry, const conformance::Example& example, conformance::Findings& findings) {
                              conformance::conform_objective(entry, test::registry(), example.toml, example.batch_coupled, findings);
                            });
}

TEST_CASE("conformance: every optimizer has its whole state from the start, and goes down") {
  conformance::over_uses<Optimizer>(conformance::conform_optimizer);
}

TEST_CASE("conformance: every evaluator scores what it asked for, perfect features almost perfectly") {
  conformance::over_uses<Evaluator>(conformance::conform_evaluator);
}

}  // namespace
