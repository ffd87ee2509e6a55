#pragma once
#include <cstdint>
#include <memory>

#include "lafs/collective.h"

namespace lafs {

/// Where a process stands among those of its run. By itself it is a run of one process, whose collective is the identity: one rank and
/// many go through the same code.
class Place {
 public:
  Place();  ///< a run of one process
  /// Throws Error for a null collective, and for one whose rank is outside its world.
  explicit Place(std::shared_ptr<Collective> collective);

  int64_t rank() const { return collective_->rank(); }    ///< in [0, world)
  int64_t world() const { return collective_->world(); }  ///< processes of the run
  const std::shared_ptr<Collective>& collective() const { return collective_; }

 private:
  std::shared_ptr<Collective> collective_;
};

}  // namespace lafs
