#include "kernel/run/interrupt.h"

#include <array>
#include <csignal>
#include <ctime>
#include <utility>

namespace lafs {

namespace {

constexpr std::array<std::pair<int, const char*>, 7> stopping{{{SIGINT, "SIGINT"},
                                                               {SIGTERM, "SIGTERM"},
                                                               {SIGHUP, "SIGHUP"},
                                                               {SIGUSR1, "SIGUSR1"},
                                                               {SIGUSR2, "SIGUSR2"},
                                                               {SIGXCPU, "SIGXCPU"},
                                                               {SIGALRM, "SIGALRM"}}};

volatile std::sig_atomic_t first_signal = 0;
volatile std::time_t first_second = 0;

/// Calls only what a signal handler may.
void on_signal(int signal) {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  if (!first_signal) {
    first_second = now.tv_sec;
    first_signal = signal;
  } else if (signal == SIGINT && now.tv_sec > first_second + 1) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
}

}  // namespace

void catch_interrupts() {
  std::signal(SIGPIPE, SIG_IGN);  // who reads the output may stop reading: what is printed is lost, the training is not
  for (const auto& [signal, name] : stopping) {
    if (std::signal(signal, on_signal) == SIG_IGN && signal == SIGHUP) std::signal(signal, SIG_IGN);
  }
}

bool interrupted() { return first_signal != 0; }

std::string interrupt_name() {
  for (const auto& [signal, name] : stopping) {
    if (signal == first_signal) return name;
  }
  return "";
}

}  // namespace lafs
