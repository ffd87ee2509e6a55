#include <algorithm>
#include <cstdint>

#include <doctest/doctest.h>
#include <torch/types.h>

#include "nn/layers/positions.h"
#include "support/golden.h"

// Positions for other sizes, by DINO (golden README, set 9): 1e-5.
TEST_SUITE("posinterp") {
  namespace {
  using namespace lafs;

  TEST_CASE("posinterp: square, oblong, smaller and larger grids") {
    if (!test::golden_ready("posinterp", {"posinterp.json", "posinterp.safetensors"})) return;
    const nlohmann::json settings = test::golden_json("posinterp.json");
    const test::Tensors golden = test::golden_tensors("posinterp.safetensors");
    double worst = 0;
    for (const auto& [name, c] : settings.at("cases").items()) {
      CAPTURE(name);
      const auto number = [&c = c](const char* key) { return c.at(key).get<int64_t>(); };
      const int64_t table = number("table"), rows = number("height") / number("patch"), columns = number("width") / number("patch");
      const at::Tensor positions = golden.at(name + ".pos_embed"), wanted = golden.at(name + ".result");
      if (rows == table && columns == table) {
        CHECK(test::max_error(positions, wanted) == 0);
        continue;
      }
      const at::Tensor ours =
          nn::resampled_positions(positions, nn::resampling_matrix(table, rows, 0.1), nn::resampling_matrix(table, columns, 0.1));
      CHECK(test::max_error(ours, wanted) < 1e-5);
      worst = std::max(worst, test::max_error(ours, wanted));
    }
    MESSAGE("largest error " << worst);
  }
  }  // namespace
}
