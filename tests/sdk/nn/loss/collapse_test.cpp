#include "nn/loss/collapse.h"

#include <doctest/doctest.h>
#include <torch/types.h>

using lafs::nn::collapse_signs;
using lafs::nn::CollapseSigns;

namespace {

double number(const at::Tensor& scalar) { return scalar.item<double>(); }

}  // namespace

TEST_CASE("collapse: rows along all axes are spread over all dimensions") {
  const at::Tensor axes = at::cat({at::eye(4), -at::eye(4)});
  const CollapseSigns signs = collapse_signs(axes * 7, axes);
  CHECK(number(signs.spread) == doctest::Approx(1));
  CHECK(number(signs.dimensions) == doctest::Approx(4));
  CHECK(number(signs.similarity) == doctest::Approx(1));
  CHECK(number(signs.found) == 1);
}

TEST_CASE("collapse: equal rows have no spread, and chance finds the pairs") {
  const at::Tensor same = at::ones({8, 4});
  const CollapseSigns signs = collapse_signs(same, same);
  CHECK(number(signs.spread) == doctest::Approx(0).epsilon(1e-6));
  CHECK(number(signs.dimensions) < 1.5);
  CHECK(number(signs.similarity) == doctest::Approx(1));
  CHECK(number(signs.found) == doctest::Approx(1.0 / 8));
}

TEST_CASE("collapse: rows on a line have one dimension, whatever their spread") {
  const at::Tensor sides = at::tensor({1.f, -1.f, 1.f, -1.f}).unsqueeze(1) * at::ones({1, 4});
  const CollapseSigns signs = collapse_signs(sides, -sides);
  CHECK(number(signs.spread) == doctest::Approx(1));
  CHECK(number(signs.dimensions) == doctest::Approx(1));
  CHECK(number(signs.similarity) == doctest::Approx(-1));
  CHECK(number(signs.found) == 0);
}

TEST_CASE("collapse: only the first 64 pictures are looked at") {
  const at::Tensor many = at::cat({at::eye(64), at::zeros({10, 64})});
  CHECK(number(collapse_signs(many, many).found) == 1);
}
