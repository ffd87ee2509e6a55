#include "lafs/memory.h"

#include <sys/resource.h>
#include <sys/sysinfo.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <limits>

#include <fmt/format.h>

#include "lafs/error.h"

namespace lafs {

namespace {

/// The number in a file that holds nothing else; the largest there is where it does not, as "max" of a container without a limit.
uint64_t number_in(const char* file) {
  std::ifstream in(file);
  std::string text;
  in >> text;
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = !text.empty() && error == std::errc() && end == text.data() + text.size();
  return whole ? value : std::numeric_limits<uint64_t>::max();
}

}  // namespace

uint64_t memory_limit() {
  uint64_t least = std::numeric_limits<uint64_t>::max();
  if (struct sysinfo machine{}; sysinfo(&machine) == 0) least = (uint64_t{machine.totalram} + machine.totalswap) * machine.mem_unit;
  for (const char* file : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    least = std::min(least, number_in(file));
  }
  for (const auto what : {RLIMIT_AS, RLIMIT_DATA}) {
    rlimit limit{};
    if (getrlimit(what, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) least = std::min<uint64_t>(least, limit.rlim_cur);
  }
  return least;
}

std::string bytes_text(double bytes) {
  constexpr std::array<const char*, 6> units{"kB", "MB", "GB", "TB", "PB", "EB"};
  if (bytes < 1000) return fmt::format("{:.0f} bytes", bytes);
  size_t unit = 0;
  for (bytes /= 1000; bytes >= 999.95 && unit + 1 < units.size(); bytes /= 1000) ++unit;
  return fmt::format("{:.1f} {}", bytes, units[unit]);
}

void check_memory(double bytes, const std::string& what) {
  const auto limit = static_cast<double>(memory_limit());
  if (bytes > limit) throw Error(fmt::format("{} needs {} of memory, and this machine has {}", what, bytes_text(bytes), bytes_text(limit)));
}

}  // namespace lafs
