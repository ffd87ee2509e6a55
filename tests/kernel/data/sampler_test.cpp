#include "kernel/data/sampler.h"

#include <memory>
#include <set>

#include <doctest/doctest.h>

#include "kernel/ranks/solo_collective.h"
#include "lafs/error.h"

namespace lafs {
namespace {

/// A process that is said to be one of many.
class Said final : public SoloCollective {
 public:
  Said(int64_t rank, int64_t world) : rank_(rank), world_(world) {}
  int64_t rank() const override { return rank_; }
  int64_t world() const override { return world_; }

 private:
  int64_t rank_, world_;
};

Place place(int64_t rank, int64_t world) { return Place(std::make_shared<Said>(rank, world)); }

TEST_CASE("sampler: the ranks of a run share each batch, and together hold what one process holds") {
  const Sampler alone(7, 50, 8);
  for (const int64_t world : {2, 4}) {
    for (int64_t micro = 0; micro < 13; ++micro) {
      std::set<int64_t> whole, shared;
      for (int64_t row = 0; row < 8; ++row) whole.insert(alone.index(micro, row));
      for (int64_t rank = 0; rank < world; ++rank) {
        const Sampler sampler(7, 50, 8, place(rank, world));
        CHECK(sampler.rows() == 8 / world);
        for (int64_t row = 0; row < sampler.rows(); ++row) CHECK(shared.insert(sampler.index(micro, row)).second);
      }
      CHECK(shared == whole);
    }
  }
}

TEST_CASE("sampler: a row and its mirror image in the batch are on one rank") {
  const Sampler sampler(7, 50, 8, place(1, 2));
  for (int64_t row = 0; row < sampler.rows(); ++row) CHECK(sampler.position(0, row) + sampler.position(0, sampler.rows() - 1 - row) == 7);
}

TEST_CASE("sampler: one process takes the batch in its order, odd sizes too") {
  const Sampler sampler(7, 50, 5);
  for (int64_t row = 0; row < 5; ++row) CHECK(sampler.position(3, row) == 15 + row);
}

TEST_CASE("sampler: a batch that the ranks cannot share equally is an error") {
  CHECK_THROWS_WITH_AS(Sampler(1, 50, 6, place(0, 2)), "[run] batch = 6 is not a multiple of twice the 2 processes of the run", Error);
  CHECK_THROWS_WITH_AS(place(2, 2), "rank 2 is outside a run of 2 processes", Error);
}

}  // namespace
}  // namespace lafs
