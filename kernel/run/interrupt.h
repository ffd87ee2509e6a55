#pragma once
#include <string>

namespace lafs {

/// From now on the signals by which people and schedulers stop a program only ask its loops to stop: SIGINT, SIGTERM, SIGHUP (unless it was
/// ignored, as under nohup), SIGUSR1, SIGUSR2, SIGXCPU and SIGALRM. Schedulers send several of them in a row, so repeats change nothing; a
/// second Ctrl-C, a second or more after the first, ends the process at once.
void catch_interrupts();
bool interrupted();

/// "SIGTERM": the first signal that came; empty when none did.
std::string interrupt_name();

}  // namespace lafs
