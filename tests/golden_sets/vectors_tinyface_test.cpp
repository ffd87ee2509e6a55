#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "metrics/gallery_rank.h"
#include "support/rows_of.h"
#include "support/vectors.h"

// TinyFace: places and counts exact.
TEST_SUITE("vectors_tinyface") {
  namespace {
  using namespace lafs;
  using nlohmann::json;

  /// Picture and mirror of each entry side by side.
  std::vector<float> both_of(const json& part) {
    std::vector<float> values;
    for (const json& one : part)
      for (const char* half : {"picture", "mirror"})
        for (const json& number : one.at(half)) values.push_back(number.get<float>());
    return values;
  }

  std::vector<int64_t> people_of(const json& part) {
    std::vector<int64_t> people;
    for (const json& one : part) people.push_back(std::stoll(one.at("file").get<std::string>()));
    return people;
  }

  TEST_CASE("vectors_tinyface: the place of the best mate of each probe") {
    const json vector = test::read_vectors("tinyface.json");
    const json &probe = vector.at("probe"), &match = vector.at("gallery_match"), &distractor = vector.at("gallery_distractor");
    const auto stored = static_cast<int64_t>(2 * probe[0].at("picture").size());
    const std::vector<float> probes = both_of(probe), matches = both_of(match), distractors = both_of(distractor);
    const metrics::UnitRows first(matches, stored, true), second(distractors, stored, true);
    std::vector<int64_t> gallery = people_of(match);
    gallery.resize(gallery.size() + distractor.size(), -100);
    const metrics::Rows rows = metrics::all_rows(metrics::UnitRows(probes, stored, true), 1);
    const metrics::Rows all = metrics::all_rows(metrics::JoinedRows(first, second), 1);
    CHECK(test::products_off(rows, vector.at("probe_products_with_next")) <= 1e-12);
    CHECK(test::products_off(all, vector.at("gallery_products_with_next")) <= 1e-12);
    const auto deepest = static_cast<int64_t>(gallery.size());
    const metrics::GalleryRanks ranks =
        metrics::gallery_ranks(rows, people_of(probe), metrics::JoinedRows(first, second), gallery, deepest, 2);
    CHECK(ranks.place == vector.at("place").get<std::vector<int64_t>>());
    CHECK(ranks.probes == vector.at("counted").get<int64_t>());
    for (const json& right : vector.at("right")) CHECK(ranks.right_at(right.at("k").get<int64_t>()) == right.at("probes").get<int64_t>());
  }
  }  // namespace
}
