#include <cstdlib>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "lafs/data_source.h"
#include "lafs/rng.h"
#include "support/bare_assembly.h"
#include "support/front_door.h"

namespace {

/// Pictures in a second on one core, read and decoded in random order, of the record set in the folder LAFS_BENCH_RECORDS.
void record_reads(benchmark::State& state) {
  const char* folder = std::getenv("LAFS_BENCH_RECORDS");
  if (folder == nullptr) {
    state.SkipWithError("LAFS_BENCH_RECORDS must name the folder of a record set");
    return;
  }
  lafs::test::BareAssembly assembly;
  const auto source =
      lafs::test::make<lafs::DataSource>("record_set", fmt::format("files = [\"{}\"]", folder), static_cast<lafs::Assembly&>(assembly));
  lafs::Rng rng(1);
  for (auto _ : state) benchmark::DoNotOptimize(source->get(rng.integer(0, source->size())));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(record_reads)->MinTime(1);

}  // namespace
