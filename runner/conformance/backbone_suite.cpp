#include "runner/conformance/suites.h"

#include <cmath>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/types.h>

#include "kernel/model/autocast.h"
#include "kernel/registry/registry.h"
#include "kernel/train/draws.h"
#include "lafs/backbone.h"
#include "lafs/error.h"
#include "nn/layers/tokens.h"
#include "nn/train/initial_values.h"
#include "runner/conformance/findings.h"
#include "runner/conformance/masked_suite.h"
#include "runner/conformance/module_checks.h"

namespace lafs::conformance {

namespace {

/// The promises of backbone.h, under the input contract's defaults.
class BackboneSuite {
 public:
  BackboneSuite(const Use<Backbone>& use, Findings& findings) : use_(use), findings_(findings) {}

  void run() {
    findings_.guard("instances are made and initialised", [&] { conform_module([&] { return use_.make(input_)->module(); }, findings_); });
    net_ = use_.make(input_);
    module_ = net_->module();
    nn::initialise(*module_, 1);
    images_ = keyed_tensor({3, 3, input_.height, input_.width}, 7);
    findings_.expect(module_.get() == dynamic_cast<torch::nn::Module*>(net_.get()), "module() is the backbone itself",
                     "it is another object");
    findings_.guard("an evaluation runs", [&] { evaluation(); });
    wrong_shapes();
    if (dynamic_cast<const InferenceOnly*>(net_.get())) {
      findings_.guard("a network that only infers has no state", [&] { inference_only(); });
    } else {
      findings_.guard("a backward pass runs", [&] { gradients(); });
      findings_.guard("a training pass without draws runs", [&] { without_draws(); });
      findings_.guard("a training pass with draws runs", [&] { with_draws(); });
      findings_.guard("a saved state is loaded", [&] { state_complete(); });
    }
    findings_.guard("tokens are taken", [&] { tokens(); });
    findings_.guard("patches are left out", [&] { conform_masked(*net_, images_, findings_); });
    findings_.guard("landmarks are given", [&] { landmarks(); });
    findings_.guard("weights that start random are admitted", [&] { random_start(); });
    findings_.guard("layers are known", [&] { layers(); });
    findings_.guard("attention is shown", [&] { attention(); });
    findings_.guard("an evaluation in bf16 runs", [&] { half(); });
  }

 private:
  at::Tensor eval(const at::Tensor& images) {
    const at::NoGradGuard no_grad;
    return net_->forward(images, {});
  }
  std::string off(const at::Tensor& a, const at::Tensor& b) const { return fmt::format("they differ by {}", largest_difference(a, b)); }
  void expect_shape(const at::Tensor& tensor, const std::vector<int64_t>& shape, const std::string& promise) {
    findings_.expect(tensor.defined() && tensor.sizes() == at::IntArrayRef(shape), promise,
                     fmt::format("the shape is {}, not [{}]", shape_text(tensor), fmt::join(shape, ", ")));
  }

  void evaluation() {
    const nn::NamedTensors before = copy_of_state(*module_);
    const at::Tensor pictures = images_.clone();
    const TorchChance chance;
    const at::Tensor out = eval(images_);
    findings_.expect(chance.untouched(), chance.promise, chance.what);
    findings_.expect(at::equal(pictures, images_), "the input is not modified", "they changed");
    expect_shape(out, {3, net_->embed_dim()}, "forward gives [B, embed_dim]");
    findings_.expect(out.scalar_type() == at::kFloat, "embeddings are float", at::toString(out.scalar_type()));
    findings_.expect(finite(out), "embeddings are finite", "some are not");
    findings_.expect(at::equal(out, eval(images_)), "evaluation is deterministic", "two calls differ");
    for (int64_t row = 0; row < 3; ++row) {
      const at::Tensor alone = eval(images_.slice(0, row, row + 1))[0];
      findings_.expect(at::allclose(alone, out[row], 1e-5, 1e-5), "rows of a batch are independent", off(alone, out[row]));
    }
    findings_.expect(relative_difference(out[0], out[1]) > 1e-6, "embeddings follow from the pictures", "two pictures have the same");
    module_->eval();
    const at::Tensor other_mode = eval(images_);
    module_->train();
    findings_.expect(at::equal(out, other_mode), "module train() and eval() change nothing; Pass decides", off(out, other_mode));
    const std::string names = changed(before, *module_, false);
    findings_.expect(names.empty(), "evaluation changes no state", names);
  }

  /// What takes the place of the promises of training.
  void inference_only() {
    const nn::NamedTensors state = nn::state_of(*module_);
    findings_.expect(state.empty(), "a network that only infers registers no tensor", state.empty() ? "" : state.front().first);
    const at::Tensor out = net_->forward(images_.clone().requires_grad_(), {});
    findings_.expect(!out.requires_grad(), "embeddings of a network that only infers have no gradient", "they ask for one");
    const auto again = use_.make(input_);
    const at::NoGradGuard no_grad;
    findings_.expect(at::equal(eval(images_), again->forward(images_, {})), "an instance made again is the same network",
                     "embeddings differ");
  }

  void gradients() {
    stir(*module_);
    const at::Tensor images = images_.clone().requires_grad_();
    const at::Tensor out = net_->forward(images, {true, nullptr});
    at::Tensor loss = (out * keyed_tensor({3, net_->embed_dim()}, 11)).sum();
    if (auto* net = dynamic_cast<Landmarked*>(net_.get())) {
      const at::Tensor points = net->landmarks(images, {true, nullptr});  // landmarks may be all that a part of the network is for
      loss = loss + (points * keyed_tensor({3, net->landmark_count(), 2}, 13)).sum();
    }
    loss.backward();
    const std::string bare = without_gradient(*module_, "loss.");  // the reference's unused class head
    findings_.expect(bare.empty(), "gradients reach every trainable parameter", bare);
    const at::Tensor& gradient = images.grad();
    findings_.expect(gradient.defined() && finite(gradient) && gradient.count_nonzero().item<int64_t>() > 0, "pictures have a gradient",
                     "it is missing, zero or not finite");
    forget_gradients(*module_);
  }

  void wrong_shapes() {
    const std::string promise = "a wrong shape throws an Error that names the argument";
    for (const std::vector<int64_t>& shape : {std::vector<int64_t>{3, 112, 112}, {2, 1, 112, 112}, {2, 4, 112, 112}}) {
      findings_.expect_throw<Error>(fmt::format("{}: [{}]", promise, fmt::join(shape, ", ")), "\"images\"",
                                    [&] { eval(at::zeros(shape)); });
    }
  }

  void without_draws() {
    if (has_batch_norm(*module_)) return;
    const at::NoGradGuard no_grad;
    const at::Tensor training = net_->forward(images_, {true, nullptr}), calm = eval(images_);
    findings_.expect(at::allclose(training, calm, 1e-6, 1e-6), "training without draws is evaluation", off(training, calm));
  }

  at::Tensor trained(const at::Tensor& images, int64_t step, const std::vector<int64_t>& positions) {
    const at::NoGradGuard no_grad;
    return net_->forward(images, {true, keyed_draws(1, step, 0, positions, at::kCPU)});
  }

  void with_draws() {
    const TorchChance chance_of_torch;
    const at::Tensor first = trained(images_, 5, {10, 11, 12});
    findings_.expect(chance_of_torch.untouched(), chance_of_torch.promise, chance_of_torch.what);
    findings_.expect(finite(first), "training is finite", "it is not");
    findings_.expect(at::equal(first, trained(images_, 5, {10, 11, 12})), "the same draws give the same output", "two calls differ");
    if (has_batch_norm(*module_)) return;
    const at::Tensor calm = eval(images_);
    // A small probability drops nothing in most steps.
    int64_t dropping = 5;
    while (dropping < 37 && largest_difference(trained(images_, dropping, {10, 11, 12}), calm) <= 1e-6) ++dropping;
    const bool chance = dropping < 37;
    findings_.expect(chance || !drops(use_), "dropout is active when draws are given", "the output equals that of evaluation");
    if (!chance) return;
    const at::Tensor dropped = trained(images_, dropping, {10, 11, 12});
    bool differs = false;
    for (int64_t later = dropping + 1; later < dropping + 32 && !differs; ++later) {
      differs = largest_difference(dropped, trained(images_, later, {10, 11, 12})) > 1e-6;
    }
    findings_.expect(differs, "another step draws new numbers", "all steps give the same");
    const at::Tensor turned = trained(images_.flip(0), dropping, {12, 11, 10}).flip(0);
    findings_.expect(at::allclose(dropped, turned, 1e-5, 1e-5), "draws belong to pictures, not to rows of the batch", off(dropped, turned));
  }

  /// Saved and loaded into a fresh instance, the network is the same one.
  void state_complete() {
    const auto fresh = use_.make(input_);
    const at::NoGradGuard no_grad;
    lafs::nn::copy_state(*module_, *fresh->module());
    const at::Tensor here = eval(images_), there = fresh->forward(images_, {});
    findings_.expect(at::equal(here, there), "the state is complete: saved and loaded, embeddings are the same", off(there, here));
  }

  void tokens() {
    auto* net = dynamic_cast<Tokenised*>(net_.get());
    if (!net) return;
    const at::NoGradGuard no_grad;
    const int64_t n = net->max_tokens(), width = net->token_dim();
    const at::Tensor tokens = keyed_tensor({2, n, width}, 3), rows = at::arange(1, n + 1).expand({2, n}).contiguous();
    const at::Tensor out = net->forward_tokens(tokens, {}, {});
    expect_shape(out, {2, net_->embed_dim()}, "forward_tokens gives [B, embed_dim]");
    const at::Tensor named = net->forward_tokens(tokens, rows, {});
    findings_.expect(at::allclose(out, named, 1e-5, 1e-5), "without position rows they are 1..N", off(out, named));
    expect_shape(net->forward_tokens(tokens.slice(1, 0, n - 1), {}, {}), {2, net_->embed_dim()}, "fewer tokens are taken");
    findings_.expect_throw<Error>("too many tokens are an error", "\"tokens\"",
                                  [&] { net->forward_tokens(at::zeros({2, n + 1, width}), {}, {}); });
    findings_.expect_throw<Error>("tokens of another width are an error", "\"tokens\"",
                                  [&] { net->forward_tokens(at::zeros({2, n, width + 1}), {}, {}); });
    const auto patch = static_cast<int64_t>(std::lround(std::sqrt(static_cast<double>(width) / 3)));
    if (dynamic_cast<Landmarked*>(net_.get()) || patch * patch * 3 != width || input_.height % patch != 0) return;
    const at::Tensor cut = net->forward_tokens(nn::cut_tokens(images_, patch), {}, {}), whole = eval(images_);
    findings_.expect(at::allclose(cut, whole, 1e-5, 1e-5), "forward is forward_tokens on cut pictures", off(cut, whole));
  }

  void landmarks() {
    auto* net = dynamic_cast<Landmarked*>(net_.get());
    if (!net) return;
    const at::NoGradGuard no_grad;
    const at::Tensor points = net->landmarks(images_, {});
    expect_shape(points, {3, net->landmark_count(), 2}, "landmarks are [B, L, 2]");
    findings_.expect(finite(points), "landmarks are finite", "some are not");
    findings_.expect(at::equal(points, net->landmarks(images_, {})), "landmarks are deterministic in evaluation", "two calls differ");
  }

  void random_start() {
    const auto* says = dynamic_cast<const StartsRandom*>(net_.get());
    auto* net = dynamic_cast<Landmarked*>(net_.get());
    if (!says || !net) return;
    const at::NoGradGuard no_grad;
    const auto other = use_.make(input_);
    nn::initialise(*other->module(), 1 << 20);
    const at::Tensor here = net->landmarks(images_, {}), there = dynamic_cast<Landmarked&>(*other).landmarks(images_, {});
    const bool follow = !at::equal(here, there);
    findings_.expect(
        follow == says->starts_random(), "landmarks follow from the weights exactly where starts_random() says so",
        follow ? "it is false, and other weights give other landmarks" : "it is true, and other weights give the same landmarks");
  }

  /// Names that nobody foresaw end up in one layer, so that decay does nothing to the blocks.
  void layers() {
    const auto* net = dynamic_cast<const Layered*>(net_.get());
    if (!net) return;
    const int64_t depth = net->depth();
    findings_.expect(depth >= 1, "there is a block", fmt::format("depth() is {}", depth));
    std::set<int64_t> seen;
    for (const auto& [name, parameter] : nn::parameters_of(*module_)) {
      const int64_t layer = net->layer_of(name);
      findings_.expect(layer >= 0 && layer <= depth + 1, "every parameter is in a layer from 0 to depth + 1",
                       fmt::format("\"{}\" is in layer {} of {} blocks", name, layer, depth));
      seen.insert(layer);
    }
    for (int64_t block = 1; block <= depth; ++block) {
      findings_.expect(seen.contains(block), "every block has a parameter", fmt::format("layer {} of {} blocks has none", block, depth));
    }
  }

  void attention() {
    auto* net = dynamic_cast<Attentive*>(net_.get());
    if (!net) return;
    const std::vector<at::Tensor> maps = net->attention(images_);
    findings_.expect(!maps.empty(), "there is attention for every block", "there is none");
    for (const at::Tensor& map : maps) {
      findings_.expect(map.dim() == 4 && map.size(0) == 3 && map.size(2) == map.size(3), "attention is [B, heads, 1+N, 1+N]",
                       shape_text(map));
      const double error = largest_difference(map.sum(-1), at::ones_like(map.sum(-1)));
      findings_.expect(error < 1e-5 && map.min().item<float>() >= 0, "rows of attention are probabilities",
                       fmt::format("a sum is off by {}", error));
    }
    const auto blocks = static_cast<int64_t>(maps.size());
    const at::Tensor all = net->class_tokens(images_, blocks), last = net->class_tokens(images_, 1);
    expect_shape(all, {3, blocks, net_->embed_dim()}, "class tokens are [B, last_blocks, D]");
    expect_shape(last, {3, 1, net_->embed_dim()}, "class tokens are [B, last_blocks, D]");
    findings_.expect(at::equal(all.select(1, blocks - 1), last.select(1, 0)), "the last block's class token comes last", "it does not");
    const at::Tensor with_mean = net->class_tokens(images_, 1, /*mean_patch=*/true);
    expect_shape(with_mean, {3, 2, net_->embed_dim()}, "class tokens and the mean patch token are [B, last_blocks + 1, D]");
    findings_.expect(at::equal(with_mean.select(1, 0), last.select(1, 0)), "the mean patch token comes after the class tokens",
                     "it does not");
    findings_.expect(!at::equal(with_mean.select(1, 1), last.select(1, 0)), "the mean patch token is not a class token", "they are equal");
    for (const int64_t wrong : {int64_t{0}, blocks + 1}) {
      findings_.expect_throw<Error>("a wrong number of blocks is an error", "\"last_blocks\"", [&] { net->class_tokens(images_, wrong); });
    }
  }

  void half() {
    const at::Tensor one = images_.slice(0, 0, 1), full = eval(one);  // one picture: some processors emulate bf16, slowly
    const Autocast half("bf16", at::kCPU);
    const at::Tensor out = eval(one);
    findings_.expect(finite(out), "bf16 is finite", "it is not");
    const double error = relative_difference(out, full);
    findings_.expect(error < 0.05, "bf16 is close to fp32", fmt::format("they differ by a share of {}", error));
  }

  const Use<Backbone>& use_;
  Findings& findings_;
  InputContract input_;
  std::shared_ptr<Backbone> net_;
  std::shared_ptr<torch::nn::Module> module_;
  at::Tensor images_;
};

}  // namespace

void conform_backbone(const Use<Backbone>& use, Findings& findings) { BackboneSuite(use, findings).run(); }

}  // namespace lafs::conformance
