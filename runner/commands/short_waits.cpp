#include "runner/commands/short_waits.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "kernel/ranks/contention.h"
#include "lafs/parallel.h"

namespace lafs {

namespace {

/// Looks of a waiting thread before it sleeps. A few microseconds bridge most pauses between the parts of a layer, and cost little where
/// another program takes the core meanwhile; where one does so already, waiting threads had better sleep at once.
constexpr const char *looks_when_quiet = "2500", *looks_when_busy = "0";

bool are_busy() {
  const int64_t cores = hardware_threads();
  try {
    return !contention_warning(core_share(cores, 0.05), cores).empty();
  } catch (const std::system_error&) {  // a limit on threads is no reason not to begin
    return true;
  }
}

}  // namespace

void start_with_short_waits(const std::vector<std::string>& arguments) {
  const auto is_set = [](const char* name) { return std::getenv(name) != nullptr; };
  if (is_set("OMP_WAIT_POLICY") || is_set("GOMP_SPINCOUNT") || is_set("KMP_BLOCKTIME")) return;
  setenv("GOMP_SPINCOUNT", are_busy() ? looks_when_busy : looks_when_quiet, 1);
  std::vector<char*> words;
  for (const std::string& word : arguments) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error) execv(program.c_str(), words.data());  // comes back only where it failed; the program then goes on as it is
}

}  // namespace lafs
