#include "kernel/ranks/device.h"

#include <algorithm>
#include <atomic>

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <doctest/doctest.h>

TEST_CASE("start_serial_threads: they have one compute thread each, and who starts its first parallel work after them has the caller's") {
  const int before = at::get_num_threads();
  lafs::use_threads(3);
  std::atomic<int> most = 0, calls = 0;
  std::vector<std::jthread> threads;
  lafs::start_serial_threads(threads, 2, [&](std::stop_token) {
    most = std::max(most.load(), at::get_num_threads());
    ++calls;
  });
  threads.clear();
  CHECK(calls == 2);
  CHECK(most == 1);
  CHECK(at::get_num_threads() == 3);
  int fresh = 0;
  std::jthread([&] { fresh = at::get_num_threads(); }).join();
  CHECK(fresh == 3);
  lafs::use_threads(before);
}

TEST_CASE("precision: a warning names the precision that the processor has no products of, and only on a processor") {
  CHECK(lafs::precision_warning("fp32", at::kCPU) == "");
  for (const std::string precision : {"bf16", "fp16"}) {
    CHECK(lafs::precision_warning(precision, {at::kCUDA, 0}) == "");
    const std::string said = lafs::precision_warning(precision, at::kCPU);
    const std::string capability = at::get_cpu_capability();
    if (capability == "AVX2" || !said.empty()) {
      CHECK(said == "this processor has no " + precision + " products (" + capability + "): [run] precision = \"" + precision +
                        "\" is much slower than \"fp32\"");
    }
  }
}
