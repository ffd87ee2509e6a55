#include "kernel/train/trainer.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <ATen/ATen.h>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <torch/nn/module.h>

#include "kernel/data/epochs.h"
#include "kernel/train/tiny_recipe.h"

namespace lafs {
namespace {

using test::apart;
using test::Tensors;

Tensors weights_of(Trainer& trainer) {
  Tensors out;
  for (const auto& item : trainer.root().named_parameters()) out[item.key()] = item.value().detach().clone();
  return out;
}

/// What one step of plain gradient descent with rate 1 took away from each parameter: the gradient it was given.
struct OneStep {
  Tensors gradient;
  StepOutcome outcome;
};
OneStep one_step(const std::string& run) {
  const Recipe recipe = test::tiny_recipe(run, "use = \"sgd\"\nmomentum = 0\nlr = 1\nweight_decay = 0\n");
  RecipeAssembly assembly(recipe, RecipeAssembly::Data::open, [](const std::string&) {});
  Trainer trainer(recipe, assembly, at::kCPU);
  trainer.initialise([](const std::string&) {});
  LoaderOptions options;
  options.seed = 3;
  options.batch = 8;
  options.end = recipe.run.accumulate;
  Loader loader(assembly.data(), assembly.augmentation(), recipe.input, options, at::kCPU);
  OneStep out;
  out.gradient = weights_of(trainer);
  out.outcome = trainer.step(Epochs(recipe.run, assembly.images()).timeline(), [&] { return loader.next(); });
  for (const auto& [name, after] : weights_of(trainer)) out.gradient[name] -= after;
  return out;
}

double norm_of(const Tensors& tensors) {
  double squares = 0;
  for (const auto& [name, tensor] : tensors) squares += tensor.to(at::kDouble).square().sum().item<double>();
  return std::sqrt(squares);
}

TEST_CASE("trainer: the norm it reports is that of all gradients together, before clipping") {
  const OneStep free = one_step("clip = \"none\"");
  CHECK(free.outcome.gradient_norm == doctest::Approx(norm_of(free.gradient)).epsilon(1e-4));
  CHECK(one_step("clip = \"global\"\nclip_norm = 0.01").outcome.gradient_norm == free.outcome.gradient_norm);
}

TEST_CASE("trainer: the norms of the parts make up that of all gradients") {
  const StepOutcome outcome = one_step("clip = \"none\"").outcome;
  double squares = 0;
  std::vector<std::string> parts;
  for (const auto& [name, value] : outcome.values) {
    if (!name.starts_with("gradient_norm/")) continue;
    parts.push_back(name.substr(14));
    squares += value * value;
  }
  CHECK(std::find(parts.begin(), parts.end(), "backbone.transformer.layers.0") != parts.end());
  CHECK(std::find(parts.begin(), parts.end(), "classifier") != parts.end());
  CHECK(std::sqrt(squares) == doctest::Approx(outcome.gradient_norm).epsilon(1e-9));
}

TEST_CASE("trainer: global clipping scales all gradients by one factor, and only down") {
  const OneStep free = one_step("clip = \"none\"");
  const double limit = norm_of(free.gradient) / 7;
  Tensors naive = free.gradient;
  for (auto& [name, tensor] : naive) tensor = tensor * (limit / (free.outcome.gradient_norm + 1e-6));
  CHECK(apart(one_step(fmt::format("clip = \"global\"\nclip_norm = {}", limit)).gradient, naive) < 1e-4);
  CHECK(apart(one_step("clip = \"global\"\nclip_norm = 1e6").gradient, free.gradient) == 0);
}

TEST_CASE("trainer: clipping per tensor gives each tensor its own factor (pretraining.md 7.4)") {
  const OneStep free = one_step("clip = \"none\"");
  std::vector<double> norms;
  for (const auto& [name, tensor] : free.gradient) norms.push_back(tensor.norm().item<double>());
  std::sort(norms.begin(), norms.end());
  const double limit = norms[norms.size() / 2] * 1.01;  // half of them are clipped
  Tensors naive = free.gradient;
  for (auto& [name, tensor] : naive) tensor = tensor * std::min(1.0, limit / (tensor.norm().item<double>() + 1e-6));
  const Tensors clipped = one_step(fmt::format("clip = \"per_tensor\"\nclip_norm = {}", limit)).gradient;
  CHECK(apart(clipped, naive) < 1e-4);
  CHECK(apart(clipped, free.gradient) > 0.01);
}

TEST_CASE("trainer: accumulated micro-batches give the mean of their gradients") {
  const OneStep both = one_step("accumulate = 2");
  const Recipe recipe = test::tiny_recipe("accumulate = 1", "use = \"sgd\"\nmomentum = 0\nlr = 1\nweight_decay = 0\n");
  Tensors mean;
  for (int64_t micro = 0; micro < 2; ++micro) {
    RecipeAssembly assembly(recipe, RecipeAssembly::Data::open, [](const std::string&) {});
    Trainer trainer(recipe, assembly, at::kCPU);
    trainer.initialise([](const std::string&) {});
    LoaderOptions options;
    options.seed = 3;
    options.batch = 8;
    options.first = micro;
    options.end = micro + 1;
    Loader loader(assembly.data(), assembly.augmentation(), recipe.input, options, at::kCPU);
    const Tensors before = weights_of(trainer);
    trainer.step(Epochs(recipe.run, assembly.images()).timeline(), [&] { return loader.next(); });
    for (const auto& [name, after] : weights_of(trainer)) {
      const at::Tensor half = (before.at(name) - after) / 2;
      mean[name] = mean.contains(name) ? mean[name] + half : half;
    }
  }
  CHECK(apart(both.gradient, mean) < 1e-4);
}

}  // namespace
}  // namespace lafs
