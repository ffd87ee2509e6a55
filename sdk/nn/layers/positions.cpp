#include "nn/layers/positions.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "nn/layers/dims.h"
#include "nn/layers/function.h"

namespace lafs::nn {

namespace {

/// The kernel at a distance from a sample.
double cubic(double distance) {
  constexpr double a = -0.75;
  const double x = std::abs(distance);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

}  // namespace

at::Tensor resampling_matrix(int64_t from, int64_t to, double offset) {
  at::Tensor out = at::zeros({to, from}, at::kDouble);
  auto* weights = out.mutable_data_ptr<double>();
  const double scale = (static_cast<double>(to) + offset) / static_cast<double>(from);
  for (int64_t i = 0; i < to; ++i) {
    const double source = (static_cast<double>(i) + 0.5) / scale - 0.5;
    const auto left = static_cast<int64_t>(std::floor(source));
    for (int64_t tap = left - 1; tap <= left + 2; ++tap) {
      weights[i * from + std::clamp<int64_t>(tap, 0, from - 1)] += cubic(source - static_cast<double>(tap));
    }
  }
  return out.to(at::kFloat);
}

at::Tensor resampled_positions(const at::Tensor& positions, const at::Tensor& rows, const at::Tensor& columns) {
  const auto [one, count, width] = dims<3>(positions, "positions");
  const int64_t h = rows.size(0), w = columns.size(0), n = rows.size(1);
  if (count != n * n + 1) throw Error(fmt::format("\"positions\" has {} rows, not {}", count, n * n + 1));
  const AutocastOff off;
  const at::Tensor table = positions[0].slice(0, 1).reshape({n, n * width});
  const at::Tensor tall = at::matmul(rows, table).view({h, n, width});              // [h,n,D]
  const at::Tensor whole = at::matmul(columns, tall).reshape({one, h * w, width});  // [1,h*w,D]
  return at::cat({positions.slice(1, 0, 1), whole}, 1);
}

at::Tensor sine_positions(int64_t rows, int64_t columns, int64_t width) {
  if (width % 4 != 0) throw Error(fmt::format("positions of width {} cannot be shared by rows and columns; take a multiple of 4", width));
  const int64_t quarter = width / 4;
  const at::Tensor frequency = at::pow(10000.0, -at::arange(quarter, at::kDouble) / static_cast<double>(quarter));
  const auto waves = [&](int64_t places) {  // [places, width/2]
    const at::Tensor angle = at::outer(at::arange(places, at::kDouble), frequency);
    return at::cat({angle.sin(), angle.cos()}, 1);
  };
  const at::Tensor of_columns = waves(columns).unsqueeze(0).expand({rows, -1, -1});
  const at::Tensor of_rows = waves(rows).unsqueeze(1).expand({-1, columns, -1});
  const at::Tensor patches = at::cat({of_columns, of_rows}, 2).reshape({rows * columns, width});
  return at::cat({at::zeros({1, width}, at::kDouble), patches}).to(at::kFloat).unsqueeze(0);
}

}  // namespace lafs::nn
