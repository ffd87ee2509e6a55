#include "kernel/ranks/place.h"

#include <utility>

#include <fmt/format.h>

#include "kernel/ranks/solo_collective.h"
#include "lafs/error.h"

namespace lafs {

Place::Place() : collective_(std::make_shared<SoloCollective>()) {}

Place::Place(std::shared_ptr<Collective> collective) : collective_(std::move(collective)) {
  if (!collective_) throw Error("a place needs a collective");
  if (world() < 1 || rank() < 0 || rank() >= world()) throw Error(fmt::format("rank {} is outside a run of {} processes", rank(), world()));
}

}  // namespace lafs
