// Options that hold weights still, and the average that follows them.
#include <algorithm>
#include <map>
#include <memory>
#include <string>

#include <ATen/ATen.h>
#include <doctest/doctest.h>
#include <torch/nn/module.h>

#include "kernel/data/epochs.h"
#include "kernel/train/tiny_recipe.h"
#include "kernel/train/trainer.h"
#include "nn/layers/tree.h"
#include "support/error_of.h"

namespace lafs {
namespace {

using test::Tensors;

/// A training of the tiny recipe, step by step: four micro-batches an epoch.
struct Training {
  explicit Training(const std::string& run, const std::string& optimizer = "use = \"adamw\"\nlr = 1e-2\n")
      : recipe(test::tiny_recipe("epochs = 3\n" + run, optimizer)),
        assembly(recipe, RecipeAssembly::Data::open, [](const std::string&) {}),
        trainer(recipe, assembly, at::kCPU),
        epochs(recipe.run, assembly.images()),
        loader(assembly.data(), assembly.augmentation(), recipe.input, loader_options(recipe.run, 0, epochs.steps), at::kCPU) {
    trainer.initialise([](const std::string&) {});
  }
  void step() {
    trainer.step(epochs.timeline(done++), [&] { return loader.next(); });
  }
  Tensors state() {
    Tensors out;
    for (const auto& [name, tensor] : nn::state_of(trainer.state())) out[name] = tensor.detach().clone();
    return out;
  }

  Recipe recipe;
  RecipeAssembly assembly;
  Trainer trainer;
  Epochs epochs;
  Loader loader;
  int64_t done = 0;
};

const std::string freeze_blocks = "use = \"adamw\"\nlr = 1e-2\n[[optimizer.freeze]]\nmatch = [\"backbone.transformer.*\"]\n";

bool moved(const Tensors& before, const Tensors& after, const std::string& part) {
  return std::ranges::any_of(before,
                             [&](const auto& one) { return one.first.starts_with(part) && !one.second.equal(after.at(one.first)); });
}

TEST_CASE("freeze: parameters that a pattern chooses do not move, the others do") {
  Training training("", freeze_blocks);
  const Tensors before = training.state();
  for (int i = 0; i < 3; ++i) training.step();
  CHECK_FALSE(moved(before, training.state(), "backbone.transformer."));
  CHECK(moved(before, training.state(), "backbone.mlp_head."));
  CHECK(moved(before, training.state(), "classifier."));
}

TEST_CASE("freeze: for the first epochs only") {
  Training training("", freeze_blocks + "epochs = 0.5\n");
  const Tensors before = training.state();
  training.step();
  training.step();
  CHECK_FALSE(moved(before, training.state(), "backbone.transformer."));
  training.step();
  CHECK(moved(before, training.state(), "backbone.transformer."));
}

TEST_CASE("freeze: a pattern that chooses nothing that trains is an error") {
  const std::string optimizer = "use = \"adamw\"\n[[optimizer.freeze]]\nmatch = [\"*.stn.*\"]\n";
  CHECK(test::error_of([&] { Training("", optimizer); }) ==
        "optimizer freeze: no parameter that trains is chosen by the pattern \"*.stn.*\"");
  CHECK(test::error_of([&] { Training("", "use = \"adamw\"\n[[optimizer.freeze]]\nmatch = [\"rank<=x\"]\n"); }) ==
        "optimizer freeze: the pattern \"rank<=x\" has no whole number after \"rank<=\"");
}

TEST_CASE("average: it follows the weights by the stated rule, and is what evaluation uses") {
  Training training("ema = 0.15");
  CHECK(training.trainer.encoder_path() == "averaged");
  const std::string name = "mlp_head.0.weight";
  Tensors state = training.state();
  REQUIRE(state.contains("averaged." + name));
  CHECK(state.at("averaged." + name).equal(state.at("backbone." + name)));
  at::Tensor wanted = state.at("backbone." + name).to(at::kDouble);
  for (int64_t s = 0; s < 4; ++s) {
    training.step();
    state = training.state();
    const double decay = std::min(0.15, (1.0 + static_cast<double>(s)) / (10.0 + static_cast<double>(s)));
    wanted = wanted * decay + state.at("backbone." + name).to(at::kDouble) * (1 - decay);
    CHECK((state.at("averaged." + name).to(at::kDouble) - wanted).abs().max().item<double>() < 1e-6);
  }
  CHECK_FALSE(state.at("averaged." + name).equal(state.at("backbone." + name)));
  CHECK(training.trainer.encoder()->module()->named_parameters()[name].equal(state.at("averaged." + name)));
}

TEST_CASE("average: the training itself is what it is without") {
  Training with("ema = 0.9"), without("");
  for (int i = 0; i < 3; ++i) {
    with.step();
    without.step();
  }
  const Tensors state = with.state();
  for (const auto& [name, tensor] : without.state()) CHECK(tensor.equal(state.at(name)));
  CHECK(without.trainer.encoder_path() == "backbone");
}

TEST_CASE("step: a given rate stands in for the schedule's") {
  Training training("");
  const auto outcome = training.trainer.step(training.epochs.timeline(0), [&] { return training.loader.next(); }, 0.0);
  CHECK(outcome.lr == 0);
}

}  // namespace
}  // namespace lafs
