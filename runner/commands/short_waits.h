#pragma once
#include <string>
#include <vector>

namespace lafs {

/// For commands that compute, before anything else. By default OpenMP's threads keep their core busy for milliseconds while they wait for
/// each other; where other programs use the cores too, that costs most of the time. How long they do is read from the environment when the
/// process starts, so the program starts itself again with a short time, none where the cores are busy now (docs/speed.md has the
/// measurements). Does nothing where the environment says how OpenMP waits: OMP_WAIT_POLICY, GOMP_SPINCOUNT or KMP_BLOCKTIME. `arguments`
/// is argv. [main thread]
void start_with_short_waits(const std::vector<std::string>& arguments);

}  // namespace lafs
