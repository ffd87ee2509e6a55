#include "kernel/ranks/place.h"

#include <utility>

#include <fmt/format.h>

#include "kernel/ranks/solo_collective.h"
#include "lafs/error.h"

namespace lafs {

Place::Place() : collective(std::make_shared<SoloCollective>()) {}

Place::Place(int64_t rank, int64_t world, std::shared_ptr<Collective> collective)
    : rank(rank), world(world), collective(std::move(collective)) {
  if (world < 1 || rank < 0 || rank >= world) throw Error(fmt::format("rank {} is outside a run of {} processes", rank, world));
}

}  // namespace lafs
