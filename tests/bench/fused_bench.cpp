#include <unistd.h>

#include <fstream>
#include <memory>
#include <vector>

#include <ATen/autocast_mode.h>
#include <benchmark/benchmark.h>
#include <torch/types.h>

#include "kernel/ranks/memory.h"
#include "kernel/train/draws.h"
#include "nn/layers/fused_drop.h"
#include "nn/loss/dino_loss.h"
#include "nn/models/transformer.h"
#include "nn/train/fused_update.h"
#include "nn/train/initial_values.h"
#include "support/keyless_draws.h"

/// Our kernels beside plain operations: argument "fused" 1 or 0. Sizes of a LAFS step: 2 x 197 and 8 x 37 tokens of width 768, K = 65536.
namespace lafs {
namespace {

Pass pass_of(int64_t rows, bool fused) {
  std::vector<int64_t> positions;
  for (int64_t i = 0; i < rows; ++i) positions.push_back(i);
  std::shared_ptr<const Draws> draws = keyed_draws(1, 1, 0, positions, at::kCPU);
  return {true, fused ? draws : std::make_shared<test::KeylessDraws>(draws)};
}

at::ScalarType type_of(const benchmark::State& state) { return state.range(1) ? at::kBFloat16 : at::kFloat; }

void drop_add_step(benchmark::State& state) {
  const Pass pass = pass_of(8, state.range(0));
  const at::Tensor residual = torch::randn({8, 197, 768}).requires_grad_();
  const at::Tensor branch = torch::randn({8, 197, 768}).to(type_of(state)).requires_grad_(), weights = torch::randn({8, 197, 768});
  for (auto _ : state) {
    nn::drop_add(residual, branch, {0.1, "a"}, {0.1, "p"}, pass).backward(weights);
    residual.mutable_grad() = branch.mutable_grad() = at::Tensor();
  }
}
BENCHMARK(drop_add_step)->ArgNames({"fused", "bf16"})->ArgsProduct({{1, 0}, {0, 1}})->Unit(benchmark::kMillisecond)->UseRealTime();

void gelu_drop_step(benchmark::State& state) {
  const Pass pass = pass_of(8, state.range(0));
  const at::Tensor x = torch::randn({8, 197, 2048}).to(type_of(state)).requires_grad_();
  const at::Tensor weights = torch::randn({8, 197, 2048}).to(type_of(state));
  for (auto _ : state) {
    nn::gelu_drop(x, {0.1, "a"}, pass).backward(weights);
    x.mutable_grad() = at::Tensor();
  }
}
BENCHMARK(gelu_drop_step)->ArgNames({"fused", "bf16"})->ArgsProduct({{1, 0}, {0, 1}})->Unit(benchmark::kMillisecond)->UseRealTime();

void dino_loss_step(benchmark::State& state) {
  const at::Tensor student = torch::randn({10 * 4, 65536}).to(type_of(state)).requires_grad_();
  const at::Tensor teacher = torch::randn({2 * 4, 65536}).to(type_of(state)), center = torch::zeros({1, 65536});
  for (auto _ : state) {
    (state.range(0) ? nn::dino_loss : nn::dino_loss_plain)(student, teacher, center, {}).backward();
    student.mutable_grad() = at::Tensor();
  }
}
BENCHMARK(dino_loss_step)->ArgNames({"fused", "bf16"})->ArgsProduct({{1, 0}, {0, 1}})->Unit(benchmark::kMillisecond)->UseRealTime();

/// Bytes that the process holds now.
int64_t held_bytes() {
  std::ifstream in("/proc/self/statm");
  int64_t all = 0, resident = 0;
  in >> all >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

/// Batch 64: the time, and the memory that the loss takes beyond its arguments, its gradient included. The peak is the process's own: run
/// alone, by a filter.
void dino_loss_memory(benchmark::State& state) {
  const at::Tensor student = torch::randn({10 * 64, 65536}).requires_grad_();
  const at::Tensor teacher = torch::randn({2 * 64, 65536}), center = torch::zeros({1, 65536});
  const int64_t before = held_bytes();
  for (auto _ : state) {
    (state.range(0) ? nn::dino_loss : nn::dino_loss_plain)(student, teacher, center, {}).backward();
    student.mutable_grad() = at::Tensor();
  }
  state.counters["temporary_mb"] = static_cast<double>(peak_bytes() - before) / (1 << 20);
}
BENCHMARK(dino_loss_memory)->ArgNames({"fused"})->Arg(1)->Arg(0)->Iterations(3)->Unit(benchmark::kMillisecond)->UseRealTime();

void block_step(benchmark::State& state) {
  nn::Block::Options options;
  options.dropout = 0.1;
  options.drop_path = 0.1;
  nn::Block block(options);
  nn::initialise(block, 5);
  const Pass pass = pass_of(4, state.range(0));
  const at::Tensor x = torch::randn({4, 197, 768}).requires_grad_();
  at::autocast::set_autocast_enabled(at::kCPU, state.range(1));
  at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
  for (auto _ : state) {
    block.forward(x, pass).sum().backward();
    at::autocast::clear_cache();
    for (const at::Tensor& p : block.parameters()) p.mutable_grad() = at::Tensor();
    x.mutable_grad() = at::Tensor();
  }
  at::autocast::set_autocast_enabled(at::kCPU, false);
}
BENCHMARK(block_step)->ArgNames({"fused", "bf16"})->ArgsProduct({{1, 0}, {0, 1}})->Unit(benchmark::kMillisecond)->UseRealTime();

void moving_average_step(benchmark::State& state) {
  std::vector<at::Tensor> averages, values;
  for (int64_t i = 0; i < 48; ++i) {
    averages.push_back(torch::randn({768, 768}));
    values.push_back(torch::randn({768, 768}));
  }
  for (auto _ : state) {
    if (state.range(0)) {
      nn::moving_average(averages, values, 0.996);
    } else {
      at::_foreach_mul_(averages, 0.996);
      at::_foreach_add_(averages, values, 0.004);
    }
  }
}
BENCHMARK(moving_average_step)->ArgNames({"fused"})->Arg(1)->Arg(0)->Unit(benchmark::kMillisecond)->UseRealTime();

/// Weights cast to bf16 by autocast in three forward passes, with and without autograd: what a teacher under no-grad pays again.
void autocast_linear(benchmark::State& state) {
  const at::Tensor weight = torch::randn({2304, 768}).requires_grad_(), x = torch::randn({64, 768});
  const at::AutoGradMode mode(state.range(0));
  at::autocast::set_autocast_enabled(at::kCPU, true);
  at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
  for (auto _ : state) {
    for (int call = 0; call < 3; ++call) benchmark::DoNotOptimize(at::linear(x, weight));
    at::autocast::clear_cache();
  }
  at::autocast::set_autocast_enabled(at::kCPU, false);
}
BENCHMARK(autocast_linear)->ArgNames({"grad"})->Arg(1)->Arg(0)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace lafs
