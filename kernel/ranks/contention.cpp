#include "kernel/ranks/contention.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "lafs/parallel.h"

namespace lafs {

namespace {

/// Below it timings are not those of the machine. Above lies what the scheduler and short tasks of the system take.
constexpr double undisturbed = 0.9;

double processor_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// Seconds of the processor that the thread gets until the time is over.
double busy_until(std::chrono::steady_clock::time_point end) {
  const double start = processor_seconds();
  while (std::chrono::steady_clock::now() < end) {
  }
  return processor_seconds() - start;
}

}  // namespace

double core_share(int64_t threads, double seconds) {
  threads = std::min<int64_t>(threads, hardware_threads());  // more would only share the cores among themselves
  const auto end =
      std::chrono::steady_clock::now() + std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(seconds));
  std::vector<double> got(static_cast<size_t>(threads));
  {
    std::vector<std::jthread> team;
    for (double& one : got) team.emplace_back([&one, end] { one = busy_until(end); });
  }
  double sum = 0;
  for (const double one : got) sum += one;
  return std::clamp(sum / (seconds * static_cast<double>(threads)), 1e-3, 1.0);
}

std::string contention_warning(double share, int64_t threads) {
  if (share >= undisturbed) return "";
  const int64_t cores = std::min<int64_t>(threads, hardware_threads());
  return fmt::format(
      "other programs or a limit hold the cores: {} busy threads get {:.0f} % of {} cores, and times are longer than on a quiet "
      "machine",
      cores, 100 * share, cores);
}

}  // namespace lafs
