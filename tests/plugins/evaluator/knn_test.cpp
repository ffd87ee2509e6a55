#include <doctest/doctest.h>

#include <cmath>
#include <fstream>

#include "support/bare_assembly.h"
#include "support/error_of.h"
#include "support/front_door.h"
#include "support/made_features.h"
#include "support/scratch.h"

using namespace lafs;

namespace {

std::shared_ptr<Evaluator> knn(const std::string& toml, test::BareAssembly assembly = {}) {
  return test::make<Evaluator>("knn", toml, assembly);
}

const std::string sets =
    "bank = { use = \"synthetic_faces\", identities = 7, per_identity = 5, size = 16 }\n"
    "data = { use = \"synthetic_faces\", identities = 7, per_identity = 3, size = 16, seed = 5 }\n";
const std::string front = "inline.toml:1:1: error: evaluator \"knn\": ";

std::string refusal(const std::string& toml) {
  return test::error_of([&] { knn(toml); });
}

}  // namespace

TEST_CASE("knn evaluator: each k has its shares with errors, and the line of the protocol says what was done") {
  const auto evaluator = knn(sets + "k = [1, 3, 100]");
  const auto requests = evaluator->requests();
  REQUIRE(requests.size() == 2);
  CHECK(requests[0].flip == "both");
  const Metrics metrics = evaluator->score(test::MadeFeatures(requests, test::people_rows(0.8)));
  CHECK(test::names_of(metrics) == std::vector<std::string>{"top1@k=1", "top1@k=3", "top3@k=3", "top1@k=100", "top5@k=100"});
  const Metric& top = metrics.values[0];
  CHECK(top.n == 21);
  CHECK(top.value > 0.3);
  CHECK(top.standard_error == std::sqrt(top.value * (1 - top.value) / 21));
  CHECK(metrics.values[2].value >= metrics.values[1].value);
  CHECK(metrics.notes ==
        std::vector<std::string>{
            "weighted k-NN, k = 1, 3, 100, T = 0.07, 35 bank and 21 query pictures of 7 classes, cosine similarity, embeddings of "
            "picture and mirror added, pixels scaled as lafs",
            "k = 100 is more than the bank has: all of its 35 pictures vote",
            "equal similarities: the earlier picture of the bank first; equal votes: the lower class first"});
  CHECK(evaluator->score(test::MadeFeatures(requests, test::people_rows(0))).values[0].value == 1);
}

TEST_CASE("knn evaluator: the flip rule is the contract's unless the recipe says otherwise") {
  test::BareAssembly plain;
  plain.contract.flip = "none";
  CHECK(knn(sets, plain)->requests()[1].flip == "none");
  CHECK(knn(sets + "flip = \"sum\"", plain)->requests()[1].flip == "both");
}

TEST_CASE("knn evaluator: options and people that do not fit are errors before anything is embedded") {
  CHECK(refusal(sets + "k = []") == front + "k names no number of neighbours");
  CHECK(refusal(sets + "k = [5, 1, 5]") == front + "k = [5, 1, 5] names a number twice");
  CHECK(refusal("bank = { use = \"synthetic_faces\", identities = 3, per_identity = 2 }\n"
                "data = { use = \"synthetic_faces\", identities = 4, per_identity = 2 }\n") ==
        front + "identity \"3\" of data has no picture in bank");
}

TEST_CASE("knn evaluator: people with names are matched by name, whatever their numbers") {
  test::ScratchFolder folder;
  for (const char* name : {"bank/Ada/1.png", "bank/Bo/1.png", "bank/Cy/1.png", "data/Cy/2.png", "data/Ada/2.png", "wrong/Dee/1.png"}) {
    std::filesystem::create_directories((folder / name).parent_path());
    std::ofstream(folder / name) << "P5 1 1 255 x";
  }
  const auto toml = [&](const std::string& data) {
    return "bank = { use = \"image_folder\", root = \"" + (folder / "bank").string() + "\" }\ndata = { use = \"image_folder\", root = \"" +
           (folder / data).string() + "\" }\nk = [1]\n";
  };
  const auto evaluator = knn(toml("data"));
  // A direction for each name.
  const auto rows = [](const FeatureRequest& request, int64_t index, bool) {
    const std::string key = request.source->key(index);
    return std::vector<float>{key[0] == 'A' ? 1.f : 0.f, key[0] == 'B' ? 1.f : 0.f, key[0] == 'C' ? 1.f : 0.f};
  };
  CHECK(evaluator->score(test::MadeFeatures(evaluator->requests(), rows)).values[0].value == 1);
  CHECK(refusal(toml("wrong")) == front + "identity \"Dee\" of data has no picture in bank");
}

TEST_CASE("knn evaluator: features that are not finite name their picture") {
  const auto evaluator = knn(sets);
  test::MadeFeatures features(evaluator->requests(), test::people_rows(1));
  features.matrices["queries"].values[2 * 32 + 1] = std::nanf("");
  CHECK(test::error_of([&] { evaluator->score(features); }) ==
        "row 2 of \"queries\", picture \"" + evaluator->requests()[1].source->key(2) + "\", is not finite");
  features.matrices["queries"].values.resize(32 * 20);
  features.matrices["queries"].rows = 20;
  CHECK(test::error_of([&] { evaluator->score(features); }) == "\"queries\" has 20 rows for 21 pictures");
}
