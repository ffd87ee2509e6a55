#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <turbojpeg.h>

#include "kernel/data/loader.h"
#include "kernel/ranks/device.h"
#include "kernel/ranks/memory.h"
#include "lafs/augmentation.h"
#include "lafs/data_source.h"
#include "lafs/encoded_of.h"
#include "lafs/rng.h"
#include "support/bare_assembly.h"
#include "support/front_door.h"

namespace {

/// The record set in the folder LAFS_BENCH_RECORDS; null, and the benchmark has failed, where nobody named one.
std::shared_ptr<lafs::DataSource> records(benchmark::State& state) {
  const char* folder = std::getenv("LAFS_BENCH_RECORDS");
  if (folder == nullptr) {
    state.SkipWithError("LAFS_BENCH_RECORDS must name the folder of a record set");
    return nullptr;
  }
  lafs::test::BareAssembly assembly;
  return lafs::test::make<lafs::DataSource>("record_set", fmt::format("files = [\"{}\"]", folder), static_cast<lafs::Assembly&>(assembly));
}

/// Pictures in a second on one core, read and decoded in random order.
void record_reads(benchmark::State& state) {
  const auto source = records(state);
  if (!source) return;
  lafs::Rng rng(1);
  for (auto _ : state) benchmark::DoNotOptimize(source->get(rng.integer(0, source->size())));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(record_reads)->MinTime(1);

/// Pictures in a second of processor time, of all threads, through the loader of a run: read, decoded, augmented with these options of
/// face_supervised, made tensors.
void loaded(benchmark::State& state, const std::string& options_of_chain) {
  const auto source = records(state);
  if (!source) return;
  const lafs::InputContract input;
  const auto augmentation = lafs::test::make<lafs::Augmentation>("face_supervised", options_of_chain, input);
  lafs::LoaderOptions options;
  options.batch = 64;
  options.end = int64_t{1} << 40;
  lafs::keep_freed_memory();  // as the program does
  lafs::use_threads(1);       // a thread of torch that waits for the next batch would be counted as work
  lafs::Loader loader(source, augmentation, input, options, at::kCPU);
  for (auto _ : state) benchmark::DoNotOptimize(loader.next());
  state.SetItemsProcessed(state.iterations() * options.batch);
}
void loaded_records(benchmark::State& state) { loaded(state, "jitter = false\nerasing = 0"); }
BENCHMARK(loaded_records)->MinTime(1)->MeasureProcessCPUTime();
BENCHMARK_CAPTURE(loaded, published, std::string("randaugment = true\nrandaugment_policy = \"rand-m1-mstd0.5-inc1\""))
    ->MinTime(1)
    ->MeasureProcessCPUTime();
BENCHMARK_CAPTURE(loaded, flip_only, std::string("preset = \"flip_only\""))->MinTime(1)->MeasureProcessCPUTime();

/// The same pictures through the bare decoder, one handle and one buffer for all, their bytes in memory.
void decoded_records(benchmark::State& state) {
  const auto source = records(state);
  if (!source) return;
  std::vector<std::vector<uint8_t>> files;
  for (int64_t i = 0; i < source->size(); ++i) files.push_back(lafs::encoded_of(*source)->encoded(i));
  const std::unique_ptr<void, int (*)(void*)> decoder(tjInitDecompress(), tjDestroy);
  std::vector<uint8_t> pixels(112 * 112 * 3);
  lafs::Rng rng(1);
  for (auto _ : state) {
    const auto& file = files[static_cast<size_t>(rng.integer(0, source->size()))];
    if (tjDecompress2(decoder.get(), file.data(), file.size(), pixels.data(), 112, 0, 112, TJPF_RGB, TJFLAG_ACCURATEDCT) != 0) {
      state.SkipWithError(tjGetErrorStr2(decoder.get()));
      return;
    }
    benchmark::DoNotOptimize(pixels.data());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(decoded_records)->MinTime(1);

}  // namespace
