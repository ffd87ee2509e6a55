#include "kernel/train/first_not_finite.h"

#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>
#include <torch/nn/module.h>
#include <torch/types.h>

#include "nn/layers/function.h"
#include "nn/layers/layers.h"

namespace lafs {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// Numbers that torch does not see being written, forward or backward.
struct Hidden {
  static at::Tensor forward(torch::autograd::AutogradContext*, const at::Tensor& x, bool forward_nan) {
    at::Tensor out = torch::empty_like(x);
    for (int64_t i = 0; i < x.numel(); ++i) out.data_ptr<float>()[i] = forward_nan && i == 1 ? NAN : x.data_ptr<float>()[i];
    return out;
  }
  static std::vector<at::Tensor> backward(torch::autograd::AutogradContext*, const at::Tensor& gradient) {
    at::Tensor out = torch::empty_like(gradient);
    for (int64_t i = 0; i < out.numel(); ++i) out.data_ptr<float>()[i] = NAN;
    return {out, {}};
  }
};

/// Three layers; what happens between the first and the second can be chosen.
struct Network : torch::nn::Module {
  Network() {
    const torch::NoGradGuard no_grad;
    for (const char* name : {"first", "second", "third"}) {
      layers.push_back(register_module(name, std::make_shared<nn::Linear>(4, 4)));
      for (at::Tensor& parameter : layers.back()->parameters()) parameter.copy_(torch::ones_like(parameter) / 4);
    }
  }
  template <typename Between>
  at::Tensor loss(const at::Tensor& input, const Between& between) {
    return layers[2]->forward(layers[1]->forward(between(layers[0]->forward(input)))).sum();
  }
  std::vector<std::shared_ptr<nn::Linear>> layers;
};

template <typename Between>
NotFiniteSource source_of(const Between& between, Network& network) {
  FirstNotFinite watch(network);
  network.loss(torch::ones({2, 4}), between).backward();
  return watch.found();
}

template <typename Between>
NotFiniteSource source_of(const Between& between) {
  Network network;
  return source_of(between, network);
}

TEST_CASE("first not finite: nothing is found where all is finite, a mask of minus infinity included") {
  const auto masked = [](const at::Tensor& x) {
    return x + torch::softmax(x.masked_fill(torch::eye(4).narrow(0, 0, 2).gt(0), -INFINITY), 1);
  };
  CHECK(source_of(masked).pass.empty());
  CHECK(not_finite_text({}) == "no operation of torch gave a number that is not finite");
}

TEST_CASE("first not finite: a parameter and an input are found before any operation") {
  Network network;
  {
    const torch::NoGradGuard no_grad;
    network.layers[1]->parameters()[0].fill_(nan);
  }
  const auto plain = [](const at::Tensor& x) { return x; };
  const NotFiniteSource parameter = source_of(plain, network);
  CHECK(parameter == NotFiniteSource{"parameter", "second", "", false});
  CHECK(not_finite_text(parameter) == "the parameters of \"second\" hold a number that is not finite before the step");

  Network sound;
  FirstNotFinite watch(sound);
  watch.look_at_input(torch::ones({3}), "views \"image\"");
  CHECK(watch.found().pass.empty());
  watch.look_at_input(torch::full({3}, nan), "views \"image\"");
  CHECK(not_finite_text(watch.found()) == "the views \"image\" hold a number that is not finite before the step");
}

TEST_CASE("first not finite: an operation of the forward pass, with the layer before it") {
  const NotFiniteSource source = source_of([](const at::Tensor& x) { return (x - x).log(); });
  CHECK(source == NotFiniteSource{"forward", "first", "aten::log", false});
  CHECK(not_finite_text(source) ==
        "the first number that is not finite is in the output of aten::log, in layer \"first\" or what follows it");
  CHECK(source_of([](const at::Tensor& x) { return x.clone().sub_(x).reciprocal_(); }).operation == "aten::reciprocal_");
}

TEST_CASE("first not finite: an operation of the backward pass, with its layer") {
  // The root of 0 is 0, and its slope is not finite.
  const NotFiniteSource source = source_of([](const at::Tensor& x) { return (x - x).sqrt() + x; });
  CHECK(source.pass == "backward");
  CHECK(source.layer == "first");
  CHECK_FALSE(source.between);
  CHECK(not_finite_text(source).ends_with(", in the backward pass of layer \"first\" or what follows it"));
}

TEST_CASE("first not finite: code that torch does not see is placed between two layers") {
  const NotFiniteSource forward = source_of([](const at::Tensor& x) { return nn::Function<Hidden>::apply(x, true); });
  CHECK(forward.pass == "forward");
  CHECK(forward.layer == "first");
  CHECK(forward.between);
  const NotFiniteSource backward = source_of([](const at::Tensor& x) { return nn::Function<Hidden>::apply(x, false); });
  CHECK(backward.pass == "backward");
  CHECK(backward.layer == "first");
  CHECK(backward.between);
}

}  // namespace
}  // namespace lafs
