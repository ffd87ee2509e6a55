#include <doctest/doctest.h>

#include "support/bare_assembly.h"
#include "support/error_of.h"
#include "support/front_door.h"
#include "support/made_features.h"

using namespace lafs;

namespace {

std::shared_ptr<Evaluator> retrieval(const std::string& toml) {
  test::BareAssembly assembly;
  return test::make<Evaluator>("retrieval", toml, assembly);
}

}  // namespace

TEST_CASE("retrieval evaluator: rank 1 and mean average precision, and the hardest queries by name") {
  const auto evaluator = retrieval("data = { use = \"synthetic_faces\", identities = 6, per_identity = 4, size = 16 }\nhardest = 2");
  const auto requests = evaluator->requests();
  const Metrics perfect = evaluator->score(test::MadeFeatures(requests, test::people_rows(0.01)));
  CHECK(test::names_of(perfect) == std::vector<std::string>{"rank1", "map"});
  CHECK(perfect.values[0].value == 1);
  CHECK(perfect.values[1].value == 1);
  CHECK(perfect.values[0].n == 24);
  CHECK(perfect.notes ==
        std::vector<std::string>{
            "leave-one-out retrieval, each of 24 pictures with another of its identity against the other 23 pictures of the "
            "set, cosine similarity, embeddings of picture and mirror added, pixels scaled as lafs",
            "equal similarities count against the model: pictures of others come before those of the identity"});
  const Metrics poor = evaluator->score(test::MadeFeatures(requests, test::people_rows(3)));
  CHECK(poor.values[1].value < 0.9);
  CHECK(poor.values[1].standard_error > 0);
  REQUIRE(poor.lists.at(0).items.size() == 2);
  CHECK(poor.lists[0].items[0].score <= poor.lists[0].items[1].score);
  CHECK(poor.lists[0].items[0].what.ends_with(", 3 to find"));
  REQUIRE(poor.lists[0].items[0].pictures.size() == 1);
  CHECK(poor.lists[0].items[0].what.starts_with(poor.lists[0].items[0].pictures[0] + ","));
}

TEST_CASE("retrieval evaluator: pictures alone of their identity are counted, and a set of them is an error") {
  const auto evaluator = retrieval(
      "data = { use = \"concat\", sources = [{ use = \"synthetic_faces\", identities = 3, per_identity = 2, size = 16 }, "
      "{ use = \"synthetic_faces\", first_identity = 10, identities = 2, per_identity = 1, size = 16 }] }");
  const Metrics metrics = evaluator->score(test::MadeFeatures(evaluator->requests(), test::people_rows(0.01)));
  CHECK(metrics.values[0].n == 6);
  CHECK(metrics.notes[2] == "2 pictures are the only one of their identity: they are not queries, but they are searched");
  CHECK(test::error_of([] { retrieval("data = { use = \"synthetic_faces\", identities = 5, per_identity = 1, size = 16 }"); }) ==
        "inline.toml:1:1: error: evaluator \"retrieval\": no identity has two pictures, so no query has anything to find");
}
