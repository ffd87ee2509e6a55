#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "ijb_folder.h"
#include "lafs/assembly.h"
#include "support/bare_assembly.h"
#include "support/error_of.h"
#include "support/front_door.h"

using namespace lafs;

namespace {

std::shared_ptr<Evaluator> search_of(const std::string& toml) {
  test::BareAssembly assembly;
  return test::make<Evaluator>("identification_1n", toml, assembly);
}

std::string search_refusal(const std::string& toml) {
  return test::error_of([&] { search_of(toml); });
}

double searched(const Metrics& metrics, std::string_view name) {
  const auto found = std::find_if(metrics.values.begin(), metrics.values.end(), [&](const Metric& m) { return m.full_name() == name; });
  REQUIRE(found != metrics.values.end());
  return found->value;
}

const std::string search_front = "inline.toml:1:1: error: evaluator \"identification_1n\": ";

}  // namespace

TEST_CASE("identification 1:n: people who lie apart are found in both protocols") {
  const test::IjbFolder ijb;
  const auto evaluator = search_of(ijb.one_to_many());
  const auto request = evaluator->requests()[0];
  CHECK(request.flip == "both");
  const Metrics metrics = evaluator->score(test::TurnedFeatures(request, 0.1));
  CHECK(metrics.values[0].name == "combined_rank1");
  for (const char* name : {"combined_rank1", "combined_tpir@fpir=0.01", "separate_rank1", "separate_tpir@fpir=0.1"})
    CHECK(searched(metrics, name) == 1);
  CHECK(metrics.notes[0] ==
        "1:N identification of templates: 3 probes, 3 templates in 2 galleries, pooled from 12 pictures; features N1D1_sum (picture and "
        "mirror "
        "added, length kept, weighted by the detector score), mean over a medium, sum over media, unit length, pooled in double precision; "
        "cosine; combined: one gallery of all, the false alarms of a rate are pairs of different people beside the number of probes; "
        "separate: "
        "each gallery alone, rates over its probes without a mate, ranks over all probes, rates averaged; pixels scaled as lafs");
  CHECK(std::count(metrics.notes.begin(), metrics.notes.end(), "separate: gallery 1 has mates of 2 probes, and 1 are without") == 1);
}

TEST_CASE("identification 1:n: a probe turned to another person is missed, and one protocol may be left out") {
  const test::IjbFolder ijb;
  const auto evaluator = search_of(ijb.one_to_many() + "protocols = [\"separate\"]\nmodes = [\"N1D1_sum\", \"N0D0_none\"]");
  const Metrics metrics = evaluator->score(test::TurnedFeatures(evaluator->requests()[0], 0.9));
  CHECK(metrics.values[0].name == "separate_rank1");
  CHECK(metrics.values[0].value == 2.0 / 3);  // the probe of person 2 is alone in gallery 2, that of person 1 is nearest to 2 in gallery 1
  CHECK(searched(metrics, "N0D0_none/separate_rank5") == 1);
  const auto combined = search_of(ijb.one_to_many() + "protocols = [\"combined\"]\nfpir = [0.5]");
  const Metrics one = combined->score(test::TurnedFeatures(combined->requests()[0], 0.9));
  CHECK(one.values.size() == 5);
  CHECK(searched(one, "combined_rank1") == 1.0 / 3);
}

TEST_CASE("identification 1:n: lists that do not fit are an error before anything is embedded") {
  const test::IjbFolder ijb;
  CHECK(search_refusal(ijb.one_to_many() + "protocols = []") ==
        search_front + "protocols is empty; there are \"combined\" and \"separate\"");
  CHECK(search_refusal(ijb.one_to_many() + "fpir = []") == search_front + "fpir is empty; the combined protocol needs a rate");
  CHECK(search_refusal(ijb.common() + "galleries = []\n" + ijb.option("probes", "probes.csv")) == search_front + "galleries is empty");
  ijb.write("probes.csv", "T,S\n2,1\n12,7\n");
  CHECK(search_refusal(ijb.one_to_many()) ==
        ijb.file("probes.csv") +
            ":3: error: probe template 12 of subject 7 has 0 templates in the galleries; the combined protocol "
            "needs exactly one, protocols = [\"separate\"] does not");
  CHECK(search_refusal(ijb.one_to_many() + "protocols = [\"separate\"]") == "");
  ijb.write("g2.csv", "T,S\n21,3\n23,4\n");
  CHECK(search_refusal(ijb.one_to_many()) == ijb.file("g2.csv") + ":3: error: template 23 has no picture in the list of pictures");
}

TEST_CASE("identification 1:n: rates that the lists do not allow are an error before anything is embedded") {
  const test::IjbFolder ijb;
  CHECK(search_refusal(ijb.one_to_many() + "fpir = [0.1, 0]") ==
        search_front + "fpir: a rate of 0 over 3 probes asks for the similarity of rank 0, and 6 pairs are of different people");
  ijb.write("g2.csv", "T,S\n1,1\n");
  ijb.write("g1.csv", "T,S\n1,1\n");
  ijb.write("probes.csv", "T,S\n2,1\n");
  CHECK(search_refusal(ijb.one_to_many() + "protocols = [\"combined\"]\nfpir = [1]") ==
        search_front + "fpir: a rate of 1 over 1 probes asks for the similarity of rank 1, and 0 pairs are of different people");
  CHECK(search_refusal(ijb.one_to_many() + "protocols = [\"separate\"]\nfpir = [0.5]") ==
        search_front + "fpir has no effect without the protocol \"combined\"; leave it out");
}

TEST_CASE("identification 1:n: a subject in two galleries is an error for the separate protocol, which would count it twice") {
  const test::IjbFolder ijb;
  ijb.write("g2.csv", "T,S\n21,3\n11,2\n");
  const std::string twice = ijb.file("g2.csv") + ":3: error: subject 2 is also in \"" + ijb.file("g1.csv") +
                            "\", line 3: with the separate protocol a probe would count in both; take the subject out of one gallery, or "
                            "set protocols = [\"combined\"]";
  CHECK(search_refusal(ijb.one_to_many()) == twice);
  CHECK(search_refusal(ijb.one_to_many() + "protocols = [\"separate\"]") == twice);
  CHECK(search_refusal(ijb.one_to_many() + "protocols = [\"combined\"]") == "");
}

TEST_CASE("identification 1:n: several gallery templates of a subject are an error, or count as published with a warning") {
  const test::IjbFolder ijb;
  ijb.write("g1.csv", "T,S\n1,1\n11,2\n12,2\n");
  ijb.write("probes.csv", "T,S\n2,1\n12,2\n22,3\n");
  CHECK(search_refusal(ijb.one_to_many()) ==
        ijb.file("probes.csv") +
            ":3: error: probe template 12 of subject 2 has 2 templates in the galleries; the combined protocol needs exactly one: keep one "
            "of them, or pool their pictures as one template of the list of pictures");
  const auto evaluator = search_of(ijb.one_to_many() + "protocols = [\"separate\"]");
  const Metrics metrics = evaluator->score(test::TurnedFeatures(evaluator->requests()[0], 0.1));
  CHECK(metrics.warnings[0] ==
        "separate: \"" + ijb.file("g1.csv") +
            "\" has several templates of 1 subjects of probes: the first is the mate and the others count in its rank, as published; pool "
            "their pictures as one template to have them found together");
  CHECK(searched(metrics, "separate_rank1") == 2.0 / 3);
}

TEST_CASE("identification 1:n: pictures that are missing may be left out, with templates and probes that depend on them") {
  const test::IjbFolder ijb;
  std::filesystem::remove(ijb.file("faces/all/21.pgm"));
  const std::string skip = "missing = \"skip\"";
  CHECK(search_refusal(ijb.one_to_many()).find("the data source has no picture \"all/21.pgm\"") != std::string::npos);
  const auto one = search_of(ijb.one_to_many() + skip);
  const Metrics all = one->score(test::TurnedFeatures(one->requests()[0], 0.1));
  CHECK(all.warnings[0] == "1 of the 12 pictures of the list are missing and left out, first \"all/21.pgm\"");
  CHECK(searched(all, "combined_rank1") == 1);

  std::filesystem::remove(ijb.file("faces/all/20.pgm"));  // the probe of person 3
  const auto two = search_of(ijb.one_to_many() + skip);
  const Metrics metrics = two->score(test::TurnedFeatures(two->requests()[0], 0.1));
  CHECK(metrics.warnings[1] == "1 templates are left without a picture, first 22");
  CHECK(metrics.warnings[2] == "1 of the 3 probes are left out: 1 have no picture, and the gallery templates of 0 have none");
  CHECK(metrics.values[0].n == 2);

  // The mate of a probe: the gallery that had it has no other.
  ijb.write("pictures.txt", "all/18.pgm 22 9\nall/10.pgm 1 1\nall/12.pgm 2 2\nall/14.pgm 11 3\nall/21.pgm 21 4\n");
  ijb.write("faces.txt",
            "all/18.pgm 1 2 3 4 5 6 7 8 9 10 0.9\nall/10.pgm 1 2 3 4 5 6 7 8 9 10 0.9\nall/12.pgm 1 2 3 4 5 6 7 8 9 10 0.9\n"
            "all/14.pgm 1 2 3 4 5 6 7 8 9 10 0.9\nall/21.pgm 1 2 3 4 5 6 7 8 9 10 0.9\n");
  ijb.write("probes.csv", "T,S\n2,1\n22,3\n");
  CHECK(search_refusal(ijb.one_to_many() + skip) == ijb.file("g2.csv") + ": error: no template of this gallery has a picture");
  ijb.write("g2.csv", "T,S\n21,3\n11,4\n");
  ijb.write("g1.csv", "T,S\n1,1\n");
  const auto three = search_of(ijb.one_to_many() + skip);
  const Metrics mates = three->score(test::TurnedFeatures(three->requests()[0], 0.1));
  CHECK(mates.warnings[2] == "1 gallery templates are left out, because they have no picture");
  CHECK(mates.warnings[3] == "1 of the 2 probes are left out: 0 have no picture, and the gallery templates of 1 have none");
}
