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
            ": error: probe template 12 of subject 7 has 0 templates in the galleries; the combined protocol "
            "needs exactly one, protocols = [\"separate\"] does not");
  CHECK(search_refusal(ijb.one_to_many() + "protocols = [\"separate\"]") == "");
  ijb.write("g2.csv", "T,S\n21,3\n23,4\n");
  CHECK(search_refusal(ijb.one_to_many()) == ijb.file("g2.csv") + ":3: error: template 23 has no picture in the list of pictures");
}
