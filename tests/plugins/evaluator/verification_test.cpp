#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <span>

#include "formats/face_bin.h"
#include "lafs/assembly.h"
#include "lafs/evaluator.h"
#include "support/bare_assembly.h"
#include "support/bytes.h"
#include "support/error_of.h"
#include "support/front_door.h"
#include "support/scratch.h"

using namespace lafs;

namespace {

/// Rows given by hand, under the names of the requests.
class GivenFeatures final : public Features {
 public:
  std::map<std::string, std::vector<float>, std::less<>> values;
  int64_t rows = 0;

  FeatureMatrix of(std::string_view request) const override {
    const auto& all = values.find(request)->second;
    return {all, rows, static_cast<int64_t>(all.size()) / rows};
  }
};

std::shared_ptr<Evaluator> verification(const std::string& toml, test::BareAssembly assembly = {}) {
  return test::make<Evaluator>("verification", toml, assembly);
}

const std::string faces = "data = { use = \"synthetic_faces\", identities = 5, per_identity = 4, size = 16 }\n";

/// Picture r of identity i: the direction of the identity, turned a little by the picture; the mirror turned the other way.
GivenFeatures features_of(const FeatureRequest& request, double spread) {
  GivenFeatures given;
  given.rows = static_cast<int64_t>(request.indices->size());
  const int64_t copies = request.flip == "both" ? 2 : 1;
  for (const int64_t index : *request.indices) {
    for (int64_t copy = 0; copy < copies; ++copy) {
      const double turn = (copy == 0 ? 1 : -1) * 0.01;
      const double angle = static_cast<double>(request.source->identity(index)) + spread * static_cast<double>(index % 4) + turn;
      for (const double v : {3 * std::cos(angle), 3 * std::sin(angle)}) given.values["embeddings"].push_back(static_cast<float>(v));
    }
    for (int k = 0; k < 3; ++k) given.values["pixels"].push_back(static_cast<float>((index * (k + 2) * (k + 3)) % 7));
  }
  return given;
}

const Metric& metric(const Metrics& metrics, std::string_view name) {
  const auto found = std::find_if(metrics.values.begin(), metrics.values.end(), [&](const Metric& m) { return m.full_name() == name; });
  REQUIRE(found != metrics.values.end());
  return *found;
}

bool has(const Metrics& metrics, std::string_view name) {
  return std::any_of(metrics.values.begin(), metrics.values.end(), [&](const Metric& m) { return m.full_name() == name; });
}

std::string refusal(const std::string& toml) {
  return test::error_of([&] { verification(toml); });
}

const std::string front = "inline.toml:1:1: error: evaluator \"verification\": ";

/// A folder of people with empty pictures: pairs are chosen by names alone.
struct People {
  test::ScratchFolder folder;
  People() {
    for (const char* name : {"Ada/Ada_0001.png", "Ada/Ada_0002.png", "Bo/Bo_0001.pgm", "Bo/Bo_0002.pgm", "Cy/Cy_0001.pgm"}) {
      std::filesystem::create_directories((folder / "faces" / name).parent_path());
      test::write_bytes(folder / "faces" / name, "P5 1 1 255 x");
    }
  }
  std::string with_list(std::string_view list, const std::string& more = "") const {
    test::write_bytes(folder / "pairs.txt", list);
    return "data = { use = \"image_folder\", root = \"" + (folder / "faces").string() + "\" }\npairs = \"" +
           (folder / "pairs.txt").string() + "\"\nfolds = 2\n" + more;
  }
};

}  // namespace

TEST_CASE("verification: separable people are told apart and every number has its name") {
  const auto evaluator = verification(faces + "all_pairs = true\nfar = [0.001, 0.1]");
  const auto requests = evaluator->requests();
  REQUIRE(requests.size() == 2);
  CHECK(requests[0].name == "embeddings");
  CHECK(requests[0].flip == "both");
  CHECK(requests[0].indices->size() == 20);
  CHECK(requests[1].name == "pixels");
  CHECK(requests[1].pixels);
  const Metrics metrics = evaluator->score(features_of(requests[0], 0.01));
  std::vector<std::string> names;
  for (const Metric& m : metrics.values) names.push_back(m.full_name());
  const std::vector<std::string> own{
      "balanced_accuracy", "accuracy",      "constant_answer",   "accuracy_std", "tar@far=0.001",  "tar@far=0.1", "auc", "eer",
      "threshold",         "val@far=0.001", "val_far@far=0.001", "val@far=0.1",  "val_far@far=0.1"};
  std::vector<std::string> expected = own;
  expected.push_back("xnorm");
  for (const std::string& name : own)
    if (name != "constant_answer") expected.push_back("pixels/" + name);
  for (const char* variant : {"cosine/", "no_flip/"})
    for (const char* name : {"accuracy", "accuracy_std", "threshold"}) expected.push_back(std::string(variant) + name);
  CHECK(names == expected);
  CHECK(metrics.values[0].value == 1);
  CHECK(metrics.values[0].n == 190);
  CHECK(metric(metrics, "accuracy").value == 1);
  CHECK(metric(metrics, "constant_answer").value == doctest::Approx(160.0 / 190));
  CHECK(metric(metrics, "cosine/accuracy").value == 1);
  CHECK(metric(metrics, "auc").value == 1);
  CHECK(metric(metrics, "eer").value == 0);
  CHECK(metric(metrics, "tar@far=0.1").low == 1);
  CHECK(metric(metrics, "xnorm").value == doctest::Approx(3));
  CHECK(metric(metrics, "xnorm").n == 40);
  CHECK(metric(metrics, "pixels/accuracy").value < 1);
  REQUIRE(metrics.lists.size() == 2);
  CHECK(metrics.lists[0].items.empty());
  REQUIRE(metrics.curves.size() == 2);
  CHECK(metrics.curves[0].name == "roc");
  CHECK(metrics.curves[0].x.back() == 1);
  CHECK(std::count(metrics.notes.begin(), metrics.notes.end(),
                   "160 impostor pairs cannot measure a false accept rate of 0.001: its tar is that before the first false accept") == 1);
  CHECK(
      metrics.notes.back() ==
      "protocol: every pair of the data source, 30 genuine and 160 impostor, 10-fold cross-validation in contiguous blocks, the threshold "
      "of each block chosen on the others; squared Euclidean distance of unit embeddings, embeddings of picture and mirror added, pixels "
      "scaled as " +
          test::BareAssembly().contract.preset);
  CHECK(metrics.comparisons.scores.size() == 190);
  CHECK(std::count(metrics.comparisons.correct.begin(), metrics.comparisons.correct.end(), 1) == 190);
  REQUIRE(metrics.histograms.size() == 1);
  int64_t counted = 0;
  for (const auto& kind : metrics.histograms[0].counts)
    for (const int64_t count : kind) counted += count;
  CHECK(counted == 190);
}

TEST_CASE("verification: a model that always says no is found out") {
  const auto evaluator = verification(faces + "all_pairs = true\nbaseline = false\nbootstrap = 0");
  const auto request = evaluator->requests()[0];
  GivenFeatures given = features_of(request, 0.01);
  // Every picture points its own way: no two are alike, whoever is on them.
  given.values["embeddings"].assign(given.values["embeddings"].size() * 20, 0);
  for (size_t r = 0; r < 20; ++r)
    for (const size_t half : {r, 20 + r}) given.values["embeddings"][80 * r + half] = 1;
  given.values["embeddings"].resize(80 * 20);
  const Metrics metrics = evaluator->score(given);
  CHECK(metrics.values[0].name == "balanced_accuracy");
  CHECK(metrics.values[0].value == doctest::Approx(0.5));
  CHECK(metric(metrics, "accuracy").value == metric(metrics, "constant_answer").value);
  CHECK(std::isnan(metric(metrics, "tar@far=0.1").low));
  REQUIRE(metrics.warnings.size() == 4);
  CHECK(metrics.warnings[0] ==
        "the threshold of 10 of 10 folds is at an end of its range, 0 or 3.99: these folds give every, or nearly every, pair the same "
        "answer");
  CHECK(metrics.warnings[1].starts_with("the pairs are of only 5 people: "));
  CHECK(metrics.warnings[2] == "an accuracy of 84.21 % is no better than the 84.21 % of a model that gives every pair the same answer");
  CHECK(metrics.warnings[3] == "fewer than ten of the 160 impostor pairs decide the rates at a false accept rate of 0.001, 0.01");
  CHECK(
      std::count(metrics.notes.begin(), metrics.notes.end(),
                 "84.21 % of the pairs are impostor pairs, more than 60 %: balanced accuracy leads, the mean of the shares of genuine and "
                 "of impostor pairs answered rightly, each fold at the threshold that is best for it on the others") == 1);
}

TEST_CASE("verification: pictures of LFW's list that are missing are left out, counted and listed when the recipe says so") {
  const People people;
  const std::string list =
      "Ada/Ada_0001.png Ada/Ada_0002.png 1\nAda/Ada_0001.png x.png 1\nAda/Ada_0001.png Bo/Bo_0001.pgm 0\n"
      "x.png y.png 0\nBo/Bo_0001.pgm Bo/Bo_0002.pgm 1\nAda/Ada_0001.png Cy/Cy_0001.pgm 0\n";
  const auto evaluator = verification(people.with_list(list, "missing = \"skip\"\nbaseline = false\n"));
  const Metrics metrics = evaluator->score(features_of(evaluator->requests()[0], 0.01));
  CHECK(metrics.values[0].n == 4);
  CHECK(metrics.warnings[0] == "2 of the 6 pairs of the list are left out, because 2 pictures are missing, first \"x.png\"");
  REQUIRE(metrics.lists.size() == 3);
  CHECK(metrics.lists[2].name == "missing pictures");
  REQUIRE(metrics.lists[2].items.size() == 2);
  CHECK(metrics.lists[2].items[0].what == "x.png");
  CHECK(metrics.lists[2].items[0].score == 2);
  CHECK(metrics.lists[2].items[1].what == "y.png");
  const std::string file = (people.folder / "pairs.txt").string();
  CHECK(refusal(people.with_list(list)) == file + ":2: error: the data source has no picture \"x.png\"");
  CHECK(refusal(people.with_list("x.png y.png 1\ny.png x.png 0\n", "missing = \"skip\"\n")) ==
        file + ": error: every pair names a picture that the data source does not have");
  CHECK(refusal(faces + "all_pairs = true\nmissing = \"skip\"") ==
        front + "missing = \"skip\" has no effect without a list of pairs; leave it out");
}

TEST_CASE("verification: a set that brings its pairs is scored on these, and on no others") {
  const test::ScratchFolder folder;
  std::vector<std::string> pictures;
  for (int i = 0; i < 8; ++i) pictures.push_back("P5\n4 4\n255\n" + std::string(16, static_cast<char>(20 * i)));
  std::vector<std::span<const std::byte>> bytes;
  for (const std::string& picture : pictures) bytes.push_back(std::as_bytes(std::span(picture)));
  formats::write_face_bin(folder / "set.bin", bytes, {true, false, true, false});
  const std::string data = "data = { use = \"face_bin\", size = 4, file = \"" + (folder / "set.bin").string() + "\" }\nfolds = 2\n";
  const auto evaluator = verification(data + "baseline = false");
  const Metrics metrics = evaluator->score(features_of(evaluator->requests()[0], 0.01));
  CHECK(metrics.notes[0] == "pairs of the data source");
  CHECK(metrics.values[0].name == "accuracy");
  CHECK(metrics.values[0].n == 4);
  CHECK(metrics.comparisons.same == std::vector<uint8_t>{1, 0, 1, 0});
  CHECK(metrics.comparisons.first_person == std::vector<int32_t>{0, 1, 2, 3});
  CHECK(metrics.comparisons.second_person == metrics.comparisons.first_person);
  CHECK(std::count(metrics.notes.begin(), metrics.notes.end(),
                   "who is on the pictures is not known: intervals take every pair for people of its own") == 1);
  for (const char* more : {"all_pairs = true", "genuine = 1\nimpostor = 1", "pairs = \"pairs.txt\""})
    CHECK(refusal(data + more) ==
          front + "the data source brings its own pairs; leave out \"pairs\", \"all_pairs\", \"genuine\" and \"impostor\"");
}

TEST_CASE("verification: mistakes are listed hardest first, with the keys of both pictures") {
  const auto evaluator = verification(faces + "all_pairs = true\nbaseline = false\nhardest = 2");
  const auto requests = evaluator->requests();
  CHECK(requests.size() == 1);
  const Metrics metrics = evaluator->score(features_of(requests[0], 0.6));
  CHECK_FALSE(has(metrics, "pixels/accuracy"));
  CHECK(metrics.values[0].value < 1);
  REQUIRE(metrics.lists[1].name == "false rejects");
  const auto& rejects = metrics.lists[1].items;
  REQUIRE(rejects.size() == 2);
  CHECK(rejects[0].score <= rejects[1].score);
  CHECK(rejects[0].score == doctest::Approx(std::cos(1.8)).epsilon(1e-5));
  CHECK(rejects[0].what.find("genuine") != std::string::npos);
  CHECK(rejects[0].what.find(requests[0].source->key((*requests[0].indices)[0]).substr(0, 8)) != std::string::npos);
}

TEST_CASE("verification: the flip rule is the contract's unless the recipe says otherwise") {
  test::BareAssembly plain;
  plain.contract.flip = "none";
  const std::string pairs = faces + "all_pairs = true\n";
  CHECK(verification(pairs, plain)->requests()[0].flip == "none");
  CHECK(verification(pairs + "flip = \"sum\"", plain)->requests()[0].flip == "both");
  CHECK(verification(pairs + "flip = \"none\"")->requests()[0].flip == "none");
  const auto evaluator = verification(pairs, plain);
  CHECK(metric(evaluator->score(features_of(evaluator->requests()[0], 0.01)), "xnorm").n == 20);
}

TEST_CASE("verification: drawn pairs are a function of the seed") {
  const std::string drawn = faces + "genuine = 3\nimpostor = 3\nfolds = 2\n";
  const auto one = verification(drawn + "seed = 1")->requests()[0].indices;
  CHECK(one == verification(drawn + "seed = 1")->requests()[0].indices);
  CHECK(one != verification(drawn + "seed = 2")->requests()[0].indices);
}

TEST_CASE("verification: LFW's list finds its pictures under any of the endings") {
  const People people;
  const auto evaluator = verification(people.with_list("2\t1\nAda\t1\t2\nAda\t1\tCy\t1\nBo\t1\t2\nBo\t1\tAda\t2\n"));
  const auto request = evaluator->requests()[0];
  std::vector<std::string> keys;
  for (const int64_t index : *request.indices) keys.push_back(request.source->key(index));
  CHECK(keys == std::vector<std::string>{"Ada/Ada_0001.png", "Ada/Ada_0002.png", "Bo/Bo_0001.pgm", "Bo/Bo_0002.pgm", "Cy/Cy_0001.pgm"});
  const Metrics metrics = evaluator->score(features_of(request, 0.01));
  CHECK(metrics.notes[0] == "pairs of \"pairs.txt\"");
  CHECK(metrics.notes[1] == "4 pairs, 2 of them genuine, in 2 contiguous folds");
}

TEST_CASE("verification: a list whose folds would hold one kind is mixed, and contradictions are counted") {
  const People people;
  const auto evaluator =
      verification(people.with_list("Ada/Ada_0001.png Ada/Ada_0002.png 1\nBo/Bo_0001.pgm Cy/Cy_0001.pgm 1\n"
                                    "Ada/Ada_0001.png Bo/Bo_0001.pgm 0\nAda/Ada_0001.png Cy/Cy_0001.pgm 0\n"));
  const Metrics metrics = evaluator->score(features_of(evaluator->requests()[0], 0.01));
  CHECK(metrics.warnings[0] == "pairs of the list that contradict the identities of the data source: 1");
  CHECK(metrics.notes[1] == "genuine and impostor pairs are mixed evenly over the folds");
  CHECK(has(metrics, "val@far=0.1"));
}

TEST_CASE("verification: a list that names a missing picture is reported with file, line and key") {
  const People people;
  const std::string list = (people.folder / "pairs.txt").string();
  CHECK(refusal(people.with_list("1\nAda\t1\t3\nAda\t1\tBo\t1\n")) ==
        list + ":2: error: the data source has no picture \"Ada/Ada_0003\" with the ending .jpg or .png or .pgm");
  CHECK(refusal(people.with_list("Ada/Ada_0001.png Bo/Bo_0001.pgm 0\nAda/Ada_0001.png x.png 1\n")) ==
        list + ":2: error: the data source has no picture \"x.png\"");
}

TEST_CASE("verification: why a picture is not found is reported") {
  const People people;
  const std::string list = (people.folder / "pairs.txt").string();
  const std::string endings = " with the ending .jpg or .png or .pgm";
  CHECK(refusal(people.with_list("1\nAdda\t1\t2\nAda\t1\tBo\t1\n")) ==
        list + ":2: error: the data source has no picture \"Adda/Adda_0001\"" + endings + "; did you mean \"Ada/Ada_0001\"?");
  CHECK(refusal(people.with_list("1\nAda\t1\t2\nAda\t1\tBo\t1\n", "extension = [\".jpeg\"]\n")) ==
        list +
            ":2: error: the data source has no picture \"Ada/Ada_0001\" with the ending .jpeg; \"Ada/Ada_0001.png\" is there: set "
            "extension = "
            "[\".png\"]");
  CHECK(refusal(people.with_list("faces/Ada/Ada_0001.png Bo/Bo_0001.pgm 0\n")) ==
        list +
            ":1: error: the data source has no picture \"faces/Ada/Ada_0001.png\"; \"Ada/Ada_0001.png\" is there: write it without the "
            "folders before it");
}

TEST_CASE("verification: a list that calls one person 0 is an error, and pictures compared with themselves are counted") {
  const People people;
  CHECK(refusal(people.with_list("Ada/Ada_0001.png Ada/Ada_0002.png 0\nAda/Ada_0001.png Bo/Bo_0001.pgm 1\n"
                                 "Bo/Bo_0001.pgm Bo/Bo_0002.pgm 0\nAda/Ada_0002.png Cy/Cy_0001.pgm 1\n")) ==
        (people.folder / "pairs.txt").string() +
            ": error: every pair contradicts the identities of the data source: a line ends in 1 for one person, and in 0 for two");
  const auto evaluator =
      verification(people.with_list("Ada/Ada_0001.png Ada/Ada_0001.png 1\nAda/Ada_0001.png Bo/Bo_0001.pgm 0\n"
                                    "Bo/Bo_0001.pgm Bo/Bo_0002.pgm 1\nAda/Ada_0002.png Cy/Cy_0001.pgm 0\n"));
  const Metrics metrics = evaluator->score(features_of(evaluator->requests()[0], 0.01));
  CHECK(metrics.warnings[0] == "pairs of the list that compare a picture with itself: 1");
}

TEST_CASE("verification: pairs that cannot be had are an error before anything is embedded") {
  const std::string one = front + "give exactly one of \"pairs\", \"all_pairs\", or \"genuine\" with \"impostor\"";
  CHECK(refusal(faces) == one);
  CHECK(refusal(faces + "all_pairs = true\ngenuine = 1") == one);
  CHECK(refusal(faces + "genuine = 31\nimpostor = 1") == front + "31 genuine pairs were requested, and the pictures have 30");
  CHECK(refusal(faces + "genuine = 5\nfolds = 2") == front + "there is no impostor pair");
  CHECK(refusal(faces + "impostor = 5\nfolds = 2") == front + "there is no genuine pair");
  CHECK(refusal(faces + "genuine = 4\nimpostor = 5") == front + "9 pairs do not fill 10 folds");
  CHECK(refusal("data = { use = \"synthetic_faces\", identities = 5, per_identity = 1 }\ngenuine = 5\nimpostor = 5") ==
        front + "no identity has two pictures, so there is no genuine pair");
}

TEST_CASE("verification: features that do not fit are reported with the picture") {
  const auto evaluator = verification(faces + "all_pairs = true");
  const auto request = evaluator->requests()[0];
  GivenFeatures given = features_of(request, 0.01);
  given.values["embeddings"][9] = std::nanf("");
  CHECK(test::error_of([&] { evaluator->score(given); }) ==
        "row 2 of \"embeddings\", picture \"" + request.source->key(2) + "\", is not finite");
  GivenFeatures few = features_of(request, 0.01);
  few.rows = 10;
  CHECK(test::error_of([&] { evaluator->score(few); }) == "\"embeddings\" has 10 rows for 20 pictures");
}

TEST_CASE("verification: endings without a list of LFW's names are an error") {
  const People people;
  const std::string words = "extension has no effect without a list of LFW's form, whose names have no endings; leave it out";
  CHECK(refusal(people.with_list("Ada/Ada_0001.png Bo/Bo_0001.pgm 0\n", "extension = [\".bmp\"]\n")).ends_with(words));
  CHECK(refusal(people.with_list("Ada/Ada_0001.png Bo/Bo_0001.pgm 0\n", "extension = [\".jpg\", \".png\", \".pgm\"]\n")).find(words) ==
        std::string::npos);
  CHECK(refusal("data = { use = \"synthetic_faces\" }\nall_pairs = true\nextension = [\".bmp\"]\n").ends_with(words));
}
