#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "formats/megaface.h"
#include "metrics/distractor_rank.h"
#include "metrics/megaface_cleaning.h"
#include "support/bytes.h"
#include "support/rows_of.h"
#include "support/scratch.h"
#include "support/vectors.h"

// MegaFace: cleaned rows 1e-12, replaced ones within their noise, ranks and bytes exact.
TEST_SUITE("vectors_megaface") {
  namespace {
  using namespace lafs;
  using nlohmann::json;

  std::vector<int64_t> numbers_of(const std::vector<std::string>& people) {
    std::map<std::string, int64_t> numbers;
    std::vector<int64_t> out;
    for (const std::string& person : people) out.push_back(numbers.emplace(person, static_cast<int64_t>(numbers.size())).first->second);
    return out;
  }

  double largest_difference(std::span<const double> a, std::span<const double> b) {
    double largest = 0;
    for (size_t k = 0; k < a.size(); ++k) largest = std::max(largest, std::abs(a[k] - b[k]));
    return largest;
  }

  void check_rank1(const metrics::DistractorRank& found, const json& expected) {
    CHECK(found.comparisons == expected.at("comparisons").get<int64_t>());
    CHECK(found.right == expected.at("right").get<int64_t>());
    CHECK(found.nearest == expected.at("nearest").get<std::vector<int64_t>>());
  }

  TEST_CASE("vectors_megaface: people, cleaning and rank 1") {
    const json vector = test::read_vectors("megaface.json");
    const auto files = vector.at("files").get<std::vector<std::string>>();
    metrics::MegafaceNoise noise;
    noise.probe = vector.at("probe_noise").get<std::vector<bool>>();
    noise.distractor = vector.at("distractor_noise").get<std::vector<bool>>();
    for (const std::string& file : files) noise.person.push_back(formats::facescrub_person(file));
    CHECK(noise.person == vector.at("people").get<std::vector<std::string>>());
    const metrics::Rows probes = test::unit_rows_of(vector.at("probes")), distractors = test::unit_rows_of(vector.at("distractors"));
    const auto people = numbers_of(noise.person);
    check_rank1(metrics::distractor_rank(probes, people, metrics::PlainRows(distractors), 2), vector.at("rank1_as_stored"));

    const metrics::Rows far = metrics::cleaned_distractors(distractors, noise), cleaned = metrics::cleaned_probes(probes, noise);
    CHECK(largest_difference(far.values, test::rows_of(vector.at("cleaned_distractors")).values) <= 1e-12);
    const metrics::Rows expected = test::rows_of(vector.at("cleaned_probes_without_noise"));
    const auto turns = vector.at("largest_turn").get<std::vector<double>>();
    REQUIRE(cleaned.width == expected.width);
    for (int64_t r = 0; r < cleaned.rows; ++r) {
      CAPTURE(r);
      const double difference = largest_difference(cleaned.row(r), expected.row(r)), turn = turns[static_cast<size_t>(r)];
      CHECK(difference <= (turn > 0 ? turn : 1e-12));
      CHECK((difference > 0) >= (turn > 0));
    }
    check_rank1(metrics::distractor_rank(expected, people, metrics::PlainRows(far), 2), vector.at("rank1_cleaned_without_noise"));
  }

  TEST_CASE("vectors_megaface: the bytes of a feature file") {
    const json vector = test::read_vectors("megaface.json");
    const std::string bytes = test::from_hex(vector.at("first_probe_file_hex").get<std::string>());
    const test::ScratchFolder folder;
    const auto values = vector.at("probes")[0].get<std::vector<float>>();
    formats::write_megaface_feature(folder / "ours.bin", values);
    CHECK(test::read_bytes(folder / "ours.bin") == bytes);
    test::write_bytes(folder / "theirs.bin", bytes);
    CHECK(formats::read_megaface_feature(folder / "theirs.bin") == values);
  }
  }  // namespace
}
