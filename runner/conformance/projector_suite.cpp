#include "runner/conformance/suites.h"

#include <algorithm>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <torch/types.h>

#include "kernel/registry/registry.h"
#include "kernel/train/draws.h"
#include "lafs/error.h"
#include "lafs/projector.h"
#include "runner/conformance/findings.h"
#include "runner/conformance/module_checks.h"

namespace lafs::conformance {

namespace {

/// Parameters that `freeze_last_layer` is to hold still are there, and one of them trains.
void check_prototypes(Projector& net, Findings& findings) {
  const auto* known = dynamic_cast<const Prototypes*>(&net);
  if (!known) return;
  const nn::NamedTensors parameters = nn::parameters_of(*net.module());
  bool trains = false;
  for (const std::string& name : known->prototypes()) {
    const auto found = std::find_if(parameters.begin(), parameters.end(), [&](const auto& item) { return item.first == name; });
    findings.expect(found != parameters.end(), "prototypes are parameters of the projector", fmt::format("\"{}\" is none", name));
    trains = trains || (found != parameters.end() && found->second.requires_grad());
  }
  findings.expect(trains, "some of the prototypes train", "none does");
}

}  // namespace

/// The promises of projector.h, on embeddings of width 48.
void conform_projector(const Use<Projector>& use, Findings& findings) {
  constexpr int64_t width = 48;
  findings.guard("instances are made and initialised", [&] { conform_module([&] { return use.make(width)->module(); }, findings); });
  const auto net = use.make(width);
  const auto module = net->module();
  nn::initialise(*module, 1);
  const at::Tensor embedding = keyed_tensor({4, width}, 5);
  const auto eval = [&](const at::Tensor& x) {
    const at::NoGradGuard no_grad;
    return net->forward(x, {});
  };
  findings.expect(net->outputs() > 0, "there are outputs", fmt::format("outputs() is {}", net->outputs()));
  findings.guard("an evaluation runs", [&] {
    const at::Tensor given = embedding.clone();
    const TorchChance chance;
    const at::Tensor out = eval(embedding);
    findings.expect(chance.untouched(), chance.promise, chance.what);
    findings.expect(at::equal(given, embedding), "the embedding is not written", "it changed");
    findings.expect(out.dim() == 2 && out.size(0) == 4 && out.size(1) == net->outputs(), "forward gives [B, outputs]", shape_text(out));
    findings.expect(finite(out), "outputs are finite", "some are not");
    findings.expect(at::equal(out, eval(embedding)), "evaluation is deterministic", "two calls differ");
    for (int64_t row = 0; row < 4; ++row) {
      const at::Tensor alone = eval(embedding.slice(0, row, row + 1))[0];
      findings.expect(at::allclose(alone, out[row], 1e-5, 1e-5), "a row does not see the other rows",
                      fmt::format("they differ by {}", largest_difference(alone, out[row])));
    }
    const HalfPrecision half;
    findings.expect(finite(eval(embedding)), "bf16 is finite", "it is not");
  });
  findings.guard("prototypes are known", [&] { check_prototypes(*net, findings); });
  findings.guard("a backward pass runs", [&] {
    stir(*module);
    const at::Tensor x = embedding.clone().requires_grad_();
    (net->forward(x, {true, nullptr}) * keyed_tensor({4, net->outputs()}, 6)).sum().backward();
    const std::string bare = without_gradient(*module, "");
    findings.expect(bare.empty(), "gradients reach every trainable parameter", bare);
    findings.expect(x.grad().defined() && finite(x.grad()), "embeddings have a gradient", "it is missing or not finite");
  });
  findings.guard("training passes run", [&] {
    const at::NoGradGuard no_grad;
    const TorchChance chance;
    const auto trained = [&] { return net->forward(embedding, {true, keyed_draws(1, 5, 0, {10, 11, 12, 13}, at::kCPU)}); };
    const at::Tensor first = trained();
    findings.expect(at::equal(first, trained()), "the same draws give the same output", "two calls differ");
    findings.expect(chance.untouched(), chance.promise, chance.what);
    const auto fresh = use.make(width);
    lafs::nn::copy_state(*module, *fresh->module());
    findings.expect(at::equal(eval(embedding), fresh->forward(embedding, {})),
                    "the state is complete: saved and loaded, outputs are the same", "they differ");
  });
  findings.expect_throw<Error>("a wrong width is told by an Error", "", [&] { eval(at::zeros({4, width + 1})); });
}

}  // namespace lafs::conformance
