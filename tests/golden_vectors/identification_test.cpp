#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "formats/template_lists.h"
#include "metrics/identification.h"
#include "metrics/templates.h"
#include "support/vector_record.h"
#include "support/vectors.h"

// One against many in both protocols: evaluation 5. The toy set has the pictures of ijb_toy.json.
TEST_SUITE("vectors_identification") {
  namespace {  // suites of several files share a name of doctest's making
  using namespace lafs;
  using namespace lafs::metrics;
  using nlohmann::json;
  using Table = std::vector<std::vector<double>>;

  Rows rows_of(const json& recorded) {
    const auto table = recorded.get<Table>();
    Rows out{{}, std::ssize(table), std::ssize(table.at(0))};
    for (const auto& row : table) {
      double squares = 0;
      for (const double v : row) squares += v * v;
      CHECK(std::abs(squares - 1) < 1e-12);  // recorded as unit rows
      out.values.insert(out.values.end(), row.begin(), row.end());
    }
    return out;
  }

  /// The lists and pooled templates of the toy set.
  Search toy_search(const json& toy) {
    const json other = test::read_vectors("ijb_toy.json");
    std::vector<float> features, scores;
    const auto original = other.at("input").at("embeddings_original").get<Table>();
    const auto flipped = other.at("input").at("embeddings_flipped").get<Table>();
    for (size_t i = 0; i < original.size(); ++i) {
      features.insert(features.end(), original[i].begin(), original[i].end());
      features.insert(features.end(), flipped[i].begin(), flipped[i].end());
    }
    for (const std::string text : other.at("input").at("detector_score_text")) scores.push_back(std::stof(text));
    const TemplateLayout layout(other.at("template_ids").get<std::vector<int64_t>>(), other.at("media_ids").get<std::vector<int64_t>>());
    Rows unit = pool_templates(layout, {features, std::ssize(features) / layout.pictures(), true, scores}, {}, Precision::f64, 1);
    normalise_rows(unit);
    std::vector<SubjectList> galleries, probes;
    for (const json& file : toy.at("files")) {
      const formats::TemplateSubjects list = formats::read_template_subjects(test::recorded_file(file));
      const bool gallery = file.at("file").get<std::string>().find("gallery") != std::string::npos;
      (gallery ? galleries : probes).push_back({list.templates, list.subjects});
    }
    REQUIRE(galleries.size() == toy.at("separate").size());
    REQUIRE(probes.size() == 1);
    return search_of(layout.ids(), unit, probes[0], galleries);
  }

  Search random_search(const json& random) {
    Search out{rows_of(random.at("probe")), rows_of(random.at("gallery")), random.at("probe_ids"), random.at("gallery_ids"), {}};
    REQUIRE(random.at("split_rule") == "gallery 1 = even positions, gallery 2 = odd positions");
    out.galleries.resize(2);
    for (int64_t row = 0; row < out.gallery.rows; ++row) out.galleries[static_cast<size_t>(row % 2)].push_back(row);
    return out;
  }

  void check_combined(const CombinedSearch& ours, const json& expected) {
    CHECK(ours.rank_of_mate == expected.at("rank_of_mate").get<std::vector<int64_t>>());
    for (const int64_t k : {1, 5, 10}) CHECK(ours.top(k) == expected.at("top" + std::to_string(k)).get<double>());
    REQUIRE(ours.rates.size() == expected.at("fpir").size());
    for (size_t i = 0; i < ours.rates.size(); ++i) {
      const json& rate = expected.at("fpir")[i];
      CHECK(ours.rates[i].rate == rate.at("far").get<double>());
      CHECK(ours.rates[i].k == rate.at("k").get<int64_t>());
      CHECK(std::abs(ours.rates[i].threshold - rate.at("threshold").get<double>()) <= 1e-12);
      CHECK(ours.rates[i].tpir == rate.at("tpir").get<double>());
    }
  }

  void check_separate(const SeparateSearch& ours, const json& expected) {
    CHECK(std::ssize(ours.mated) == expected.at("mated").get<int64_t>());
    CHECK(ours.non_mated == expected.at("non_mated").get<int64_t>());
    CHECK(ours.rank_of_mate == expected.at("rank_of_mate").get<std::vector<int64_t>>());
    CHECK(std::vector<int64_t>{ours.count_top(1), ours.count_top(5), ours.count_top(10)} ==
          expected.at("top_counts").get<std::vector<int64_t>>());
    const std::vector<size_t> shown = shown_rates();
    REQUIRE(shown.size() == expected.at("shown").size());
    for (size_t i = 0; i < shown.size(); ++i) {
      const SearchRate& rate = ours.rates.at(shown[i]);
      const json& recorded = expected.at("shown")[i];
      CHECK(rate.rate == recorded.at("far").get<double>());
      CHECK(std::abs(rate.threshold - recorded.at("threshold").get<double>()) <= 1e-12);
      CHECK(rate.tpir == recorded.at("tpir").get<double>());
    }
  }

  void check(const Search& given, const json& expected) {
    std::vector<double> rates;
    for (const json& rate : expected.at("combined").at("fpir")) rates.push_back(rate.at("far"));
    for (const int64_t threads : {1, 3}) {
      const SearchResult ours = search(given, rates, threads);
      check_combined(ours.combined.value(), expected.at("combined"));
      REQUIRE(ours.separate.size() == expected.at("separate").size());
      for (size_t i = 0; i < ours.separate.size(); ++i) check_separate(ours.separate[i], expected.at("separate")[i]);
    }
  }

  TEST_CASE("the toy set is searched as recorded, from its lists") {
    const json toy = test::read_vectors("identification.json").at("toy");
    check(toy_search(toy), toy);
  }

  TEST_CASE("the larger set is searched as recorded") {
    const json random = test::read_vectors("identification.json").at("random");
    check(random_search(random), random);
  }
  }  // namespace
}
