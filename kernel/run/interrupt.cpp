#include "kernel/run/interrupt.h"

#include <csignal>

namespace lafs {

namespace {

volatile std::sig_atomic_t asked = 0;

void on_signal(int signal) {
  if (asked) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
  asked = 1;
}

}  // namespace

void catch_interrupts() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

bool interrupted() { return asked != 0; }

}  // namespace lafs
