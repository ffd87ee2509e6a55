#include <cmath>

#include <doctest/doctest.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "nn/layers/positions.h"

using namespace lafs;

TEST_CASE("sine_positions: half from the column, half from the row, sines before cosines, nothing for the class token") {
  const int64_t rows = 2, columns = 3, width = 8;
  const at::Tensor table = nn::sine_positions(rows, columns, width);
  REQUIRE(table.sizes().vec() == std::vector<int64_t>{1, 7, width});
  CHECK((table.scalar_type() == at::kFloat));
  CHECK(table[0][0].abs().sum().item<double>() == 0);
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t column = 0; column < columns; ++column) {
      for (int64_t i = 0; i < 2; ++i) {
        const double frequency = std::pow(10000.0, -static_cast<double>(i) / 2);
        const at::Tensor place = table[0][1 + row * columns + column];
        CHECK(place[i].item<double>() == doctest::Approx(std::sin(static_cast<double>(column) * frequency)).epsilon(1e-6));
        CHECK(place[2 + i].item<double>() == doctest::Approx(std::cos(static_cast<double>(column) * frequency)).epsilon(1e-6));
        CHECK(place[4 + i].item<double>() == doctest::Approx(std::sin(static_cast<double>(row) * frequency)).epsilon(1e-6));
        CHECK(place[6 + i].item<double>() == doctest::Approx(std::cos(static_cast<double>(row) * frequency)).epsilon(1e-6));
      }
    }
  }
  CHECK_THROWS_WITH_AS(nn::sine_positions(2, 2, 6), "positions of width 6 cannot be shared by rows and columns; take a multiple of 4",
                       Error);
}
