#include <cstdint>
#include <string>
#include <vector>

#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>
#include <torch/types.h>

#include "lafs/parallel.h"
#include "metrics/nearest.h"

/// k nearest neighbours of 10,000 queries in a bank of 50,000 rows of 384 numbers, k = 20: ours (similarities of fp64, no matrix of all of
/// them), the bare product of torch in fp32 whose result nobody looks at, and that product with torch's topk, as DINO's eval_knn.py does
/// it.
namespace lafs {
namespace {

constexpr int64_t bank_rows = 50'000, query_rows = 10'000, width = 384, neighbours = 20, at_a_time = 1'000;

struct Sets {
  at::Tensor bank = unit(bank_rows), queries = unit(query_rows);
  static at::Tensor unit(int64_t rows) {
    const at::Tensor values = torch::randn({rows, width});
    return values / values.norm(2, {1}, true);
  }
};

Sets& sets() {
  static Sets made = [] {
    torch::manual_seed(1);
    return Sets();
  }();
  return made;
}

std::span<const float> values_of(const at::Tensor& rows) { return {rows.data_ptr<float>(), static_cast<size_t>(rows.numel())}; }

metrics::NearestRows ours() {
  const int64_t threads = at::get_num_threads();
  const metrics::Rows queries = metrics::all_rows(metrics::UnitRows(values_of(sets().queries), width, false), threads);
  return metrics::nearest_rows(queries, metrics::UnitRows(values_of(sets().bank), width, false), neighbours, threads);
}

/// The neighbours of the first queries by fp64 products of torch; empty where they are ours.
std::string difference() {
  const at::Tensor first = sets().queries.narrow(0, 0, 50).to(at::kDouble);
  const at::Tensor rows = std::get<1>((first / first.norm(2, {1}, true))
                                          .mm((sets().bank.to(at::kDouble) / sets().bank.to(at::kDouble).norm(2, {1}, true)).t())
                                          .topk(neighbours));
  const metrics::NearestRows found = ours();
  for (int64_t q = 0; q < rows.size(0); ++q)
    for (int64_t n = 0; n < neighbours; ++n)
      if (found.of(q)[static_cast<size_t>(n)].row != rows[q][n].item<int64_t>())
        return "the neighbours of query " + std::to_string(q) + " differ";
  return "";
}

void product(bool with_topk) {
  for (int64_t q = 0; q < query_rows; q += at_a_time) {
    at::Tensor similarities = sets().queries.narrow(0, q, at_a_time).mm(sets().bank.t());
    if (with_topk) benchmark::DoNotOptimize(std::get<1>(similarities.topk(neighbours)).data_ptr());
    benchmark::DoNotOptimize(similarities.data_ptr());
  }
}

void knn(benchmark::State& state) {
  if (const std::string reason = state.range(0) ? difference() : ""; !reason.empty()) state.SkipWithError(reason.c_str());
  for (auto _ : state) {
    if (state.range(0))
      benchmark::DoNotOptimize(ours().neighbours.data());
    else
      product(state.range(1));
  }
}
BENCHMARK(knn)->ArgNames({"ours", "topk"})->Args({1, 1})->Args({0, 0})->Args({0, 1})->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace lafs
