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

std::shared_ptr<Evaluator> groups(const std::string& toml) {
  test::BareAssembly assembly;
  return test::make<Evaluator>("verification_groups", toml, assembly);
}

const std::string front = "inline.toml:1:1: error: evaluator \"verification_groups\": ";

std::string refusal(const std::string& toml) {
  return test::error_of([&] { groups(toml); });
}

struct People {
  test::ScratchFolder folder;
  People() {
    for (const char* name : {"a", "b", "c", "d"}) {
      std::filesystem::create_directories(folder / "faces" / name);
      for (const char* number : {"1", "2"})
        std::ofstream(folder / "faces" / name / (std::string(name) + "_000" + number + ".jpg")) << "P5 1 1 255 x";
    }
    list("North_pairs.txt", "2\t1\na\t1\t2\na\t1\tb\t1\nb\t1\t2\na\t2\tb\t2\n");
    list("South_pairs.txt", "2\t1\nc\t1\t2\nc\t1\td\t1\nd\t1\t2\nc\t2\td\t2\n");
  }
  std::string list(const std::string& name, const std::string& text) const {
    std::ofstream(folder / name) << text;
    return (folder / name).string();
  }
  std::string toml(const std::string& lists, const std::string& more = "folds = 2\n") const {
    return "data = { use = \"image_folder\", root = \"" + (folder / "faces").string() + "\" }\nlists = [" + lists + "]\n" + more;
  }
  std::string path(const std::string& name) const { return "\"" + (folder / name).string() + "\""; }
  std::string both() const { return toml(path("North_pairs.txt") + ", " + path("South_pairs.txt")); }
};

}  // namespace

TEST_CASE("verification groups: each list is a group with its accuracy, and their spread is measured") {
  const People people;
  const auto evaluator = groups(people.both());
  const auto requests = evaluator->requests();
  CHECK(requests[0].indices->size() == 8);
  // North is told apart, South is not.
  const auto rows = [](const FeatureRequest& request, int64_t index, bool) {
    const std::string key = request.source->key(index);
    return key[0] == 'a' ? std::vector<float>{1, 0} : key[0] == 'b' ? std::vector<float>{0, 1} : std::vector<float>{1, 1};
  };
  const Metrics metrics = evaluator->score(test::MadeFeatures(requests, rows));
  CHECK(test::names_of(metrics) ==
        std::vector<std::string>{"accuracy", "accuracy@North", "accuracy@South", "std_of_groups", "error_ratio"});
  CHECK(test::metric(metrics, "accuracy@North").value == 1);
  CHECK(test::metric(metrics, "accuracy@South").value == 0.5);
  CHECK(test::metric(metrics, "accuracy").value == 0.75);
  CHECK(test::metric(metrics, "accuracy").n == 8);
  CHECK(test::metric(metrics, "std_of_groups").value == doctest::Approx(0.5 / std::sqrt(2)));
  CHECK(std::isnan(test::metric(metrics, "error_ratio").value));
  CHECK(metrics.notes[0] ==
        "verification by group, 8 pairs of 2 groups (North, South), 2 folds and thresholds within each group, cosine similarity, "
        "embeddings of "
        "picture and mirror added, pixels scaled as lafs");
}

TEST_CASE("verification groups: lists that do not fit are errors with file and line") {
  const People people;
  const std::string north = people.path("North_pairs.txt");
  CHECK(refusal(people.toml("")) == front + "lists names no list of pairs");
  CHECK(refusal(people.toml(north, "names = [\"a\", \"b\"]")) == front + "there are 2 names for 1 lists");
  CHECK(refusal(people.toml(north + ", " + north)) == front + "two groups are named \"North\": give names");
  CHECK(refusal(people.toml(north, "folds = 9")) == (people.folder / "North_pairs.txt").string() + ": error: 4 pairs do not fill 9 folds");
  const std::string missing = people.list("x.txt", "1\na\t1\t3\na\t1\tb\t1\n");
  CHECK(refusal(people.toml("\"" + missing + "\""))
            .starts_with(missing + ":2: error: the data source has no picture \"a/a_0003\" with the ending .jpg or .png"));
  const std::string alike = people.list("y.txt", "a/a_0001.jpg a/a_0002.jpg 1\nb/b_0001.jpg b/b_0002.jpg 1\n");
  CHECK(refusal(people.toml("\"" + alike + "\"")) == alike + ": error: there is no impostor pair");
  const std::string apart = people.list("z.txt", "a/a_0001.jpg b/b_0002.jpg 0\nb/b_0001.jpg c/c_0002.jpg 0\n");
  CHECK(refusal(people.toml("\"" + apart + "\"")) == apart + ": error: there is no genuine pair");
}

TEST_CASE("verification groups: lists are read as verification reads them") {
  const People people;
  const std::string list = people.list("x.txt", "1\na\t1\t2\na\t1\tb\t1\n");
  CHECK(refusal(people.toml("\"" + list + "\"", "extension = [\".bmp\"]")) ==
        list +
            ":2: error: the data source has no picture \"a/a_0001\" with the ending .bmp; \"a/a_0001.jpg\" is there: set extension = "
            "[\".jpg\"]");
  const std::string keys = people.list("y.txt", "a/a_0001.jpg a/a_0002.jpg 1\na/a_0001.jpg b/b_0002.jpg 0\n");
  CHECK(refusal(people.toml("\"" + keys + "\"", "extension = [\".bmp\"]")) ==
        front + "extension has no effect without a list of LFW's form, whose names have no endings; leave it out");
  const std::string gaps = people.list("gaps.txt",
                                       "a/a_0001.jpg a/a_0002.jpg 1\na/a_0001.jpg b/b_0002.jpg 0\nb/b_0001.jpg b/b_0002.jpg 1\n"
                                       "b/b_0001.jpg a/a_0002.jpg 0\na/a_0001.jpg nobody.jpg 0\n");
  CHECK(refusal(people.toml("\"" + gaps + "\"")) == gaps + ":5: error: the data source has no picture \"nobody.jpg\"");
  const auto evaluator = groups(people.toml("\"" + gaps + "\"", "missing = \"skip\"\nfolds = 2"));
  const Metrics metrics = evaluator->score(test::MadeFeatures(evaluator->requests(), test::people_rows(0.01)));
  CHECK(metrics.values[0].n == 4);
  CHECK(metrics.warnings ==
        std::vector<std::string>{"1 of the 5 pairs of \"gaps.txt\" are left out, because 1 pictures are missing, first \"nobody.jpg\""});
}
