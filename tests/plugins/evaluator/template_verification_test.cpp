#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "ijb_folder.h"
#include "lafs/assembly.h"
#include "support/bare_assembly.h"
#include "support/error_of.h"
#include "support/front_door.h"

using namespace lafs;

namespace {

std::shared_ptr<Evaluator> made(const std::string& toml) {
  test::BareAssembly assembly;
  return test::make<Evaluator>("template_verification", toml, assembly);
}

std::string refusal(const std::string& toml) {
  return test::error_of([&] { made(toml); });
}

double value(const Metrics& metrics, std::string_view name) {
  const auto found = std::find_if(metrics.values.begin(), metrics.values.end(), [&](const Metric& m) { return m.full_name() == name; });
  REQUIRE(found != metrics.values.end());
  return found->value;
}

const std::string front = "inline.toml:1:1: error: evaluator \"template_verification\": ";

}  // namespace

TEST_CASE("template verification: people who lie apart are told apart, and the protocol is one sentence") {
  const test::IjbFolder ijb;
  const auto evaluator = made(ijb.one_to_one());
  const auto requests = evaluator->requests();
  REQUIRE(requests.size() == 1);
  CHECK(requests[0].flip == "both");
  CHECK(requests[0].indices->size() == 12);
  const Metrics metrics = evaluator->score(test::TurnedFeatures(requests[0], 0.1));
  CHECK(metrics.values[0].name == "tar@nearest_far=0.0001");
  CHECK(metrics.values[0].value == 1);
  CHECK(value(metrics, "auc") == 1);
  CHECK(value(metrics, "threshold@far=0.0001") == doctest::Approx(std::cos(0.1)));
  CHECK(metrics.notes[0] ==
        "1:1 verification of templates: 6 pairs (3 genuine) of 6 templates, pooled from 12 pictures in 6 media; features N1D1_sum (picture "
        "and "
        "mirror added, length kept, weighted by the detector score), mean over a medium, sum over media, unit length, pooled in double "
        "precision; cosine; TAR at the point of the curve nearest in FAR, collinear points dropped; pixels scaled as lafs");
  CHECK(metrics.lists[0].items[0].what == "pair 5: templates 11 and 2, impostor");
}

TEST_CASE("template verification: several modes come from the same features") {
  const test::IjbFolder ijb;
  const auto evaluator =
      made(ijb.one_to_one() + "modes = [\"N0D0_none\", \"N1D1_concat\"]\nfar = [0.5]\nprecision = \"f32\"\ncollinear = \"keep\"");
  const auto request = evaluator->requests()[0];
  CHECK(request.flip == "both");
  const Metrics metrics = evaluator->score(test::TurnedFeatures(request, 0.1));
  CHECK(metrics.values[0].full_name() == "tar@nearest_far=0.5");
  CHECK(value(metrics, "N1D1_concat/tar@far=0.5") == 1);
  CHECK(metrics.curves.size() == 2);
  CHECK(metrics.notes[0].find("all points kept") != std::string::npos);
  const auto plain = made(ijb.one_to_one() + "modes = [\"N1D1_none\"]");
  CHECK(plain->requests()[0].flip == "none");
  CHECK(value(plain->score(test::TurnedFeatures(plain->requests()[0], 0.1)), "auc") == 1);
}

TEST_CASE("template verification: detector scores outside [0, 1] count, with a note") {
  const test::IjbFolder ijb;
  std::string faces = test::read_bytes(ijb.file("faces.txt"));
  ijb.write("faces.txt", faces.replace(faces.rfind("0.9"), 3, "1.9"));
  const auto evaluator = made(ijb.one_to_one());
  CHECK(evaluator->score(test::TurnedFeatures(evaluator->requests()[0], 0.1)).notes[1] ==
        "1 detector scores are outside [0, 1]; they count as they are");
}

TEST_CASE("template verification: a picture that the source lacks is reported with its line") {
  const test::IjbFolder ijb;
  std::filesystem::rename(ijb.file("faces/all/13.pgm"), ijb.file("faces/all/13x.pgm"));
  CHECK(refusal(ijb.one_to_one()) == ijb.file("pictures.txt") +
                                         ":4: error: the data source has no picture \"all/13.pgm\" (missing = \"skip\" leaves such "
                                         "pictures out); did you mean \"all/13x.pgm\"?");
}

TEST_CASE("template verification: lists that do not fit are an error before anything is embedded") {
  const test::IjbFolder ijb;
  ijb.write("pairs.txt", "1 2 1\n1 99 0\n");
  CHECK(refusal(ijb.one_to_one()) ==
        ijb.file("pairs.txt") + ":2: error: template 99 has no picture in \"" + ijb.file("pictures.txt") + "\"");
  ijb.write("pairs.txt", "1 2 1\n");
  CHECK(refusal(ijb.one_to_one()) == ijb.file("pairs.txt") + ": error: the list has no impostor pair");
  ijb.write("pairs.txt", "1 2 0\n");
  CHECK(refusal(ijb.one_to_one()) == ijb.file("pairs.txt") + ": error: the list has no genuine pair");
  CHECK(refusal(ijb.one_to_one() + "modes = [\"F1\"]") ==
        front + "mode \"F1\" is not one of N0 or N1, then D0 or D1, then _sum, _none or _concat, as in \"N1D1_sum\"");
  ijb.write("faces.txt", "all/10.pgm 1 2 3 4 5 6 7 8 9 10 0.9\n");
  CHECK(refusal(ijb.one_to_one()) == ijb.file("faces.txt") + ": error: 1 pictures are listed here, and 12 in \"" +
                                         ijb.file("pictures.txt") + "\"; both lists have the same pictures in one order");
}

TEST_CASE("template verification: features that do not fit are reported with the picture") {
  const test::IjbFolder ijb;
  const auto evaluator = made(ijb.one_to_one());
  test::TurnedFeatures given(evaluator->requests()[0], 0.1);
  given.values[4 * 5] = std::nanf("");
  CHECK(test::error_of([&] { evaluator->score(given); }) == "row 5 of the features, picture \"all/15.pgm\", is not finite");
  FeatureRequest few = evaluator->requests()[0];
  few.indices->pop_back();
  CHECK(test::error_of([&] { evaluator->score(test::TurnedFeatures(few, 0.1)); }) ==
        "there are features of 11 pictures, and the list has 12");
}

TEST_CASE("template verification: pictures that are missing may be left out, with pairs of templates that are left without any") {
  const test::IjbFolder ijb;
  std::filesystem::remove(ijb.file("faces/all/20.pgm"));
  const std::string absent = ijb.file("pictures.txt") + ":11: error: the data source has no picture \"all/20.pgm\"";
  CHECK(refusal(ijb.one_to_one()).starts_with(absent));
  const auto one = made(ijb.one_to_one() + "missing = \"skip\"");
  const Metrics all = one->score(test::TurnedFeatures(one->requests()[0], 0.1));
  CHECK(all.warnings[0] == "1 of the 12 pictures of the list are missing and left out, first \"all/20.pgm\"");
  CHECK(all.values[0].n == 3);

  std::filesystem::remove(ijb.file("faces/all/21.pgm"));
  const auto evaluator = made(ijb.one_to_one() + "missing = \"skip\"");
  CHECK(evaluator->requests()[0].indices->size() == 10);
  const Metrics metrics = evaluator->score(test::TurnedFeatures(evaluator->requests()[0], 0.1));
  CHECK(std::vector<std::string>(metrics.warnings.begin(), metrics.warnings.begin() + 3) ==
        std::vector<std::string>{"2 of the 12 pictures of the list are missing and left out, first \"all/20.pgm\"",
                                 "1 templates are left without a picture, first 22",
                                 "2 of the 6 pairs are left out, because a template is without a picture"});
  CHECK(metrics.values[0].n == 2);
  CHECK(value(metrics, "auc") == 1);

  ijb.write("pairs.txt", "21 22 1\n22 1 0\n");
  CHECK(refusal(ijb.one_to_one() + "missing = \"skip\"") ==
        ijb.file("pairs.txt") + ": error: every pair names a template that is left without a picture");
  ijb.write("pairs.txt", "21 22 1\n99 1 0\n");  // a template that no list has stays an error
  CHECK(refusal(ijb.one_to_one() + "missing = \"skip\"") ==
        ijb.file("pairs.txt") + ":2: error: template 99 has no picture in \"" + ijb.file("pictures.txt") + "\"");
  std::filesystem::rename(ijb.file("faces/all/10.pgm"), ijb.file("faces/all/x.pgm"));
  for (int i = 11; i < 20; ++i) std::filesystem::remove(ijb.file("faces/all/" + std::to_string(i) + ".pgm"));
  CHECK(refusal(ijb.one_to_one() + "missing = \"skip\"") ==
        ijb.file("pictures.txt") + ": error: the data source has none of the pictures of the list");
}
