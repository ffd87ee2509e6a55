#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "metrics/verification.h"
#include "support/vectors.h"

using namespace lafs::metrics;
using nlohmann::json;

TEST_SUITE("vectors_verification_small") {
  TEST_CASE("the grid of thresholds is the recorded one, bit for bit") {
    const json recorded = lafs::test::read_vectors("verification_small.json")["threshold_grid"];
    const std::vector<double> grid = accuracy_grid();
    CHECK(grid.size() == recorded["count"].get<size_t>());
    const auto first = recorded["first"].get<std::vector<double>>();
    REQUIRE(first.size() <= grid.size());
    for (size_t j = 0; j < first.size(); ++j) CHECK(grid[j] == first[j]);
    CHECK(grid.back() == recorded["last"].get<double>());
    int exact = 0;
    for (const auto& [key, value] : recorded.items()) {
      if (!key.starts_with("index_") || !key.ends_with("_hex")) continue;
      CAPTURE(key);
      CHECK(grid.at(std::stoul(key.substr(6))) == std::strtod(value.get<std::string>().c_str(), nullptr));
      ++exact;
    }
    CHECK(exact > 0);
  }

  TEST_CASE("a distance equal to the threshold is different") {
    for (const json all = lafs::test::read_vectors("verification_small.json")["counting"]; const json& expected : all) {
      CAPTURE(expected["what"].get<std::string>());
      std::vector<uint8_t> same;
      for (const bool s : expected["same"].get<std::vector<bool>>()) same.push_back(s);
      const Counts counts = count_below(expected["dist"].get<std::vector<double>>(), same, expected["threshold"]);
      CHECK(std::vector<int64_t>{counts.tp, counts.fp, counts.tn, counts.fn} == expected["tp_fp_tn_fn"].get<std::vector<int64_t>>());
    }
  }

  TEST_CASE("folds are contiguous and of the recorded sizes") {
    for (const json all = lafs::test::read_vectors("verification_small.json")["kfold_test_sizes"]; const json& expected : all) {
      std::vector<int64_t> sizes;
      int64_t at = 0;
      for (const Fold& fold : make_folds(expected["n"], expected["k"])) {
        CHECK(fold.begin == at);
        sizes.push_back(fold.end - fold.begin);
        at = fold.end;
      }
      CHECK(at == expected["n"].get<int64_t>());
      CHECK(sizes == expected["sizes"].get<std::vector<int64_t>>());
    }
  }

  TEST_CASE("the threshold of a false accept rate is interpolated from its last index") {
    for (const json all = lafs::test::read_vectors("verification_small.json")["far_interpolation"]; const json& expected : all)
      for (const json& query : expected["queries"])
        CHECK(std::abs(
                  threshold_at_far(expected["far"].get<std::vector<double>>(), expected["threshold"].get<std::vector<double>>(), query[0]) -
                  query[1].get<double>()) <= 1e-12);
  }
}
