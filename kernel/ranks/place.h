#pragma once
#include <cstdint>
#include <memory>

#include "lafs/collective.h"

namespace lafs {

/// Where a process stands among those of its run. By itself it is a run of one process, whose collective is the identity: one rank and
/// many go through the same code.
struct Place {
  int64_t rank = 0;   ///< in [0, world)
  int64_t world = 1;  ///< processes of the run
  std::shared_ptr<Collective> collective;

  Place();  ///< a run of one process
  Place(int64_t rank, int64_t world, std::shared_ptr<Collective> collective);
};

}  // namespace lafs
