#include <cmath>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include "metrics/linear_probe.h"
#include "support/rows_of.h"
#include "support/vectors.h"

// Linear probe: places exact, losses and weights 1e-12.
TEST_SUITE("vectors_linear_probe") {
  namespace {
  using namespace lafs;
  using nlohmann::json;

  void check_near(std::span<const double> ours, const std::vector<double>& expected) {
    REQUIRE(ours.size() == expected.size());
    for (size_t i = 0; i < ours.size(); ++i) CHECK(std::abs(ours[i] - expected[i]) <= 1e-12);
  }

  TEST_CASE("vectors_linear_probe: every epoch, and the last weights") {
    const json vector = test::read_vectors("linear_probe.json");
    const metrics::Rows rows = test::rows_of(vector.at("rows")), held_out = test::rows_of(vector.at("test_rows"));
    const auto labels = vector.at("labels").get<std::vector<int64_t>>(), test_labels = vector.at("test_labels").get<std::vector<int64_t>>();
    metrics::LinearProbe probe(vector.at("classes").get<int64_t>(), rows.width, test::rows_of(vector.at("first_weights")).values);
    const auto epochs = static_cast<int64_t>(vector.at("epochs").size());
    for (int64_t epoch = 0; epoch < epochs; ++epoch) {
      CAPTURE(epoch);
      const json& expected = vector.at("epochs")[static_cast<size_t>(epoch)];
      const double rate = metrics::cosine_rate(vector.at("base_rate").get<double>(), epoch, epochs);
      CHECK(std::abs(rate - expected.at("rate").get<double>()) <= 1e-15);
      const double loss = probe.train(rows, labels, expected.at("order").get<std::vector<int64_t>>(), vector.at("batch").get<int64_t>(),
                                      rate, vector.at("momentum").get<double>(), 3);
      CHECK(std::abs(loss - expected.at("loss").get<double>()) <= 1e-12);
      CHECK(probe.places_of_truth(held_out, test_labels, 2) == expected.at("test_places").get<std::vector<int64_t>>());
    }
    check_near(probe.weights(), test::rows_of(vector.at("last_weights")).values);
    for (int64_t r = 0; r < held_out.rows; ++r)
      check_near(probe.scores(held_out.row(r)), vector.at("last_test_scores")[static_cast<size_t>(r)].get<std::vector<double>>());
    check_near(probe.bias(), vector.at("last_bias").get<std::vector<double>>());
  }
  }  // namespace
}
