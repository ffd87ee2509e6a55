#include <doctest/doctest.h>

#include <fstream>

#include "support/bare_assembly.h"
#include "support/error_of.h"
#include "support/front_door.h"
#include "support/made_features.h"
#include "support/scratch.h"

using namespace lafs;

namespace {

std::shared_ptr<Evaluator> tinyface(const std::string& toml) {
  test::BareAssembly assembly;
  return test::make<Evaluator>("tinyface", toml, assembly);
}

const std::string front = "inline.toml:1:1: error: evaluator \"tinyface\": ";

std::string refusal(const std::string& toml) {
  return test::error_of([&] { tinyface(toml); });
}

/// A testing set as it is released, with empty pictures.
struct TestingSet {
  test::ScratchFolder folder;
  TestingSet() {
    add({"Probe/12_1.jpg", "Probe/7_1.jpg", "Probe/99_4.jpg", "Gallery_Match/7_2.jpg", "Gallery_Match/12_9.jpg", "Gallery_Distractor/1.jpg",
         "Gallery_Distractor/10.jpg"});
  }
  void add(std::initializer_list<const char*> names) const {
    for (const char* name : names) {
      std::filesystem::create_directories((folder / name).parent_path());
      std::ofstream(folder / name) << "P5 1 1 255 x";
    }
  }
  std::string toml() const { return "data = { use = \"image_folder\", root = \"" + folder.path().string() + "\" }\n"; }
};

/// The number that the file's name begins with decides the direction; distractors lie elsewhere.
std::vector<float> by_name(const FeatureRequest& request, int64_t index, bool) {
  const std::string key = request.source->key(index);
  const std::string name = key.substr(key.find('/') + 1);
  if (name == "1.jpg") return {1, 0.2f, 0, 0};  // a distractor beside identity 7
  return {name[0] == '7' ? 1.f : 0.f, 0, name.starts_with("12") ? 1.f : 0.f, name.starts_with("99") || name == "10.jpg" ? 1.f : 0.f};
}

const std::string three =
    "identity = \"source\"\nprobe = { use = \"synthetic_faces\", identities = 5, per_identity = 2, size = 16 }\n"
    "gallery_match = { use = \"synthetic_faces\", identities = 5, per_identity = 2, size = 16, seed = 3 }\n";

}  // namespace

TEST_CASE("tinyface evaluator: the parts come from the folders, in the order of their names, and identities from the names") {
  const TestingSet set;
  const auto evaluator = tinyface(set.toml());
  const auto requests = evaluator->requests();
  REQUIRE(requests.size() == 3);
  std::vector<std::string> keys;
  for (const FeatureRequest& request : requests)
    for (const int64_t index : *request.indices) keys.push_back(request.source->key(index));
  CHECK(keys == std::vector<std::string>{"Probe/12_1.jpg", "Probe/7_1.jpg", "Probe/99_4.jpg", "Gallery_Match/12_9.jpg",
                                         "Gallery_Match/7_2.jpg", "Gallery_Distractor/1.jpg", "Gallery_Distractor/10.jpg"});
  CHECK(requests[0].flip == "both");
  const Metrics metrics = evaluator->score(test::MadeFeatures(requests, by_name));
  CHECK(test::names_of(metrics) == std::vector<std::string>{"rank1", "rank5", "rank20"});
  CHECK(metrics.values[0].value == 1);
  CHECK(metrics.values[0].n == 2);
  CHECK(metrics.notes == std::vector<std::string>{
                             "TinyFace identification, 2 probes against 2 matching gallery pictures and 2 distractors, cosine similarity, "
                             "embeddings of picture and mirror added, pixels scaled as lafs",
                             "1 probes have no picture of their identity in the gallery: they do not count",
                             "equal similarities: the earlier gallery picture first; matching pictures stand before distractors"});
}

TEST_CASE("tinyface evaluator: distractors count, and a rank beyond the gallery is met by all") {
  const TestingSet set;
  const auto evaluator = tinyface(set.toml() + "ranks = [1, 2, 50]\nflip = \"none\"");
  // The mate of 12 is as far as can be: both distractors and the other mate come first.
  const auto rows = [](const FeatureRequest& request, int64_t index, bool mirror) {
    return request.source->key(index) == "Gallery_Match/12_9.jpg" ? std::vector<float>{0, 0, -1, 0} : by_name(request, index, mirror);
  };
  const Metrics metrics = evaluator->score(test::MadeFeatures(evaluator->requests(), rows));
  CHECK(test::metric(metrics, "rank1").value == 0.5);
  CHECK(test::metric(metrics, "rank2").value == 0.5);
  CHECK(test::metric(metrics, "rank50").value == 1);
}

TEST_CASE("tinyface evaluator: parts may be sources of their own, with or without distractors") {
  const auto evaluator =
      tinyface(three + "gallery_distractor = { use = \"synthetic_faces\", first_identity = 9, identities = 4, size = 16 }");
  CHECK(evaluator->requests().size() == 3);
  CHECK(tinyface(three)->requests().size() == 2);
  const auto without = tinyface(three);
  CHECK(without->score(test::MadeFeatures(without->requests(), test::people_rows(0.01))).values[0].value == 1);
}

TEST_CASE("tinyface evaluator: sets that are incomplete or named otherwise are errors") {
  const std::string either = front + "give either \"data\", or \"probe\" and \"gallery_match\" with or without \"gallery_distractor\"";
  const TestingSet set;
  CHECK(refusal("ranks = [1]") == either);
  CHECK(refusal(set.toml() + three) == either);
  CHECK(refusal("probe = { use = \"synthetic_faces\" }") == either);
  CHECK(refusal(set.toml() + "identity = \"source\"") ==
        front + "identity = \"source\" needs parts of their own: with \"data\" the folders are parts, not people");
  CHECK(refusal(set.toml() + "ranks = [5, 5]") == front + "ranks = [5, 5] names a rank twice");
  CHECK(refusal(set.toml() + "ranks = []") == front + "ranks names no rank");
  set.add({"Probe/Ada_1.jpg"});
  CHECK(refusal(set.toml()) ==
        front +
            "picture \"Probe/Ada_1.jpg\" does not begin with the number of an identity and \"_\", as in \"12_3.jpg\"; for "
            "people in folders of their own, set identity = \"source\"");
  std::filesystem::remove_all(set.folder / "Gallery_Match");
  std::filesystem::remove(set.folder / "Probe/Ada_1.jpg");
  CHECK(refusal(set.toml()) == front + "no key of the data source begins with \"Gallery_Match/\"");
}

TEST_CASE("tinyface evaluator: people of different sources are matched by their names") {
  const test::ScratchFolder folder;
  for (const char* name : {"probe/p3/a.pgm", "probe/p4/a.pgm", "probe/q/a.pgm", "gal/p0/a.pgm", "gal/p1/a.pgm", "gal/p2/a.pgm",
                           "gal/p3/b.pgm", "gal/p4/b.pgm"}) {
    std::filesystem::create_directories((folder / name).parent_path());
    std::ofstream(folder / name) << "P5 1 1 255 x";
  }
  const auto source = [&](const std::string& name) { return "{ use = \"image_folder\", root = \"" + (folder / name).string() + "\" }\n"; };
  const auto evaluator = tinyface("identity = \"source\"\nprobe = " + source("probe") + "gallery_match = " + source("gal"));
  const auto by_folder = [](const FeatureRequest& request, int64_t index, bool) {
    std::vector<float> row(6);
    const std::string key = request.source->key(index);
    row[key[0] == 'q' ? 5 : static_cast<size_t>(key[1] - '0')] = 1;
    return row;
  };
  const Metrics metrics = evaluator->score(test::MadeFeatures(evaluator->requests(), by_folder));
  CHECK(metrics.values[0].value == 1);
  CHECK(metrics.values[0].n == 2);
  CHECK(metrics.notes[1] == "1 probes have no picture of their identity in the gallery: they do not count");
}
