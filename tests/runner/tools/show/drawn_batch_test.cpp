#include "runner/tools/show/drawn_batch.h"

#include <doctest/doctest.h>
#include <torch/types.h>

#include "support/bare_assembly.h"
#include "support/front_door.h"

namespace lafs::test {
namespace {

TEST_CASE("show: the rows that are drawn are those that training is fed") {
  BareAssembly assembly;
  const auto source = make<DataSource>("synthetic_faces", "identities = 3\nper_identity = 5\nsize = 32", assembly);
  const auto augmentation = make<Augmentation>("lafs_views", "size = 24\nlocal_views = 2", assembly.contract);
  LoaderOptions options;
  options.seed = 11;
  options.batch = 4;
  options.first = 4;  // the second batch of the second epoch
  options.end = 5;
  Loader loader(source, augmentation, assembly.contract, options, at::kCPU);
  const auto trained = loader.next();
  const DrawnBatch drawn(*source, *augmentation, assembly.contract, Sampler(11, source->size(), 4), 4, 3);
  CHECK(drawn.size() == 3);
  for (const ViewGroup& group : augmentation->layout()) {
    CAPTURE(group.name);
    CHECK(at::equal(drawn.views(group.name), trained->views(group.name).slice(1, 0, 3)));
  }
  CHECK(at::equal(drawn.positions(), trained->positions().slice(0, 0, 3)));
  CHECK(at::equal(drawn.indices(), trained->indices().slice(0, 0, 3)));
  CHECK(at::equal(drawn.labels(), trained->labels().slice(0, 0, 3)));
  CHECK(drawn.sample(2).key == trained->keys[2]);
  CHECK(drawn.has("local"));
  CHECK_FALSE(drawn.has("image"));
  CHECK_THROWS_WITH_AS(drawn.landmarks("local"), "the views \"local\" carry no landmarks", Error);
}

}  // namespace
}  // namespace lafs::test
