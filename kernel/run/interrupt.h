#pragma once

namespace lafs {

/// From now on SIGINT and SIGTERM only ask the loop to stop; a second one ends the process at once.
void catch_interrupts();
bool interrupted();

}  // namespace lafs
