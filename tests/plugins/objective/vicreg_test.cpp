#include <cmath>

#include <doctest/doctest.h>
#include <torch/types.h>

#include "support/two_view_task.h"

using namespace lafs;
using test::TwoViewTask;

namespace {

constexpr const char* as_in_the_paper = "\ninvariance_mean = false\nvariance_mean = false\n";

double covariance_of(const at::Tensor& rows, int64_t i, int64_t j) {
  const auto n = static_cast<double>(rows.size(0));
  double mean_i = 0, mean_j = 0, sum = 0;
  for (int64_t b = 0; b < rows.size(0); ++b) {
    mean_i += rows[b][i].item<double>() / n;
    mean_j += rows[b][j].item<double>() / n;
  }
  for (int64_t b = 0; b < rows.size(0); ++b) sum += (rows[b][i].item<double>() - mean_i) * (rows[b][j].item<double>() - mean_j);
  return sum / (n - 1);
}

struct Terms {
  double s = 0, v = 0, c = 0;
};

/// Equations 1 to 5, term by term.
Terms naive_vicreg(const at::Tensor& z) {
  const int64_t width = z.size(2);
  Terms terms;
  for (int64_t b = 0; b < z.size(1); ++b) {
    const at::Tensor apart = z[0][b] - z[1][b];
    terms.s += test::product_of(apart, apart) / static_cast<double>(z.size(1));
  }
  for (const int64_t view : {0, 1}) {
    for (int64_t i = 0; i < width; ++i) {
      terms.v += std::max(0.0, 1 - std::sqrt(covariance_of(z[view], i, i) + 1e-4)) / static_cast<double>(width);
      for (int64_t j = 0; j < width; ++j) {
        if (i != j) terms.c += std::pow(covariance_of(z[view], i, j), 2) / static_cast<double>(width);
      }
    }
  }
  return terms;
}

}  // namespace

TEST_CASE("vicreg: the loss is equation 6, and the published code's mixes its terms otherwise (SS-04, SS-05)") {
  const at::Tensor z = test::drawn_projections() * 0.5;
  const Terms t = naive_vicreg(z);
  CHECK(TwoViewTask("vicreg", as_in_the_paper).value(z) == doctest::Approx(25 * t.s + 25 * t.v + t.c).epsilon(1e-9));
  CHECK(TwoViewTask("vicreg", "").value(z) == doctest::Approx(25 * t.s / 6 + 25 * t.v / 2 + t.c).epsilon(1e-9));
  CHECK(TwoViewTask("vicreg", "lambda = 3\nmu = 2\nnu = 5").value(z) == doctest::Approx(3 * t.s / 6 + 2 * t.v / 2 + 5 * t.c).epsilon(1e-9));
}

TEST_CASE("vicreg: each term by hand") {
  // Two pictures. First views: number 0 is -1 and 1, so its variance is 2; number 1 is -3 and 3: 18; their covariance is 6. The other four
  // numbers are 0. Second views: all numbers 0.
  at::Tensor z = at::zeros({2, 2, 6}, at::kDouble);
  z[0][0][0] = -1;
  z[0][1][0] = 1;
  z[0][0][1] = -3;
  z[0][1][1] = 3;
  const std::string paper = as_in_the_paper;
  const double floor = 1 - std::sqrt(1e-4);  // what a number that does not vary lacks
  CHECK(TwoViewTask("vicreg", "lambda = 1\nmu = 0\nnu = 0" + paper).value(z) == doctest::Approx(10).epsilon(1e-12));
  CHECK(TwoViewTask("vicreg", "lambda = 0\nmu = 1\nnu = 0" + paper).value(z) == doctest::Approx((4 + 6) * floor / 6).epsilon(1e-12));
  CHECK(TwoViewTask("vicreg", "lambda = 0\nmu = 0\nnu = 1" + paper).value(z) == doctest::Approx(2 * 6 * 6 / 6.0).epsilon(1e-12));
}

TEST_CASE("vicreg: the order of pictures, the order of views and a shift of both do not matter") {
  const at::Tensor z = test::drawn_projections();
  TwoViewTask task("vicreg", "");
  const double loss = task.value(z);
  CHECK(task.value(z.flip(1).contiguous()) == doctest::Approx(loss).epsilon(1e-12));
  CHECK(task.value(z.flip(0).contiguous()) == doctest::Approx(loss).epsilon(1e-12));
  CHECK(task.value(z + at::arange(6, at::kDouble)) == doctest::Approx(loss).epsilon(1e-9));
}

TEST_CASE("vicreg: two ranks with half the pictures are one with all, with and without norms") {
  const at::Tensor z = test::drawn_projections();
  for (const char* projector : {"", "hidden = 10\noutputs = 6"}) {
    const auto whole = test::ranked_step(1, "vicreg", "", z, projector);
    CHECK(test::same_step(whole, test::ranked_step(2, "vicreg", "", z, projector)));
  }
}

TEST_CASE("vicreg: gradients are finite in a collapse") {
  CHECK(TwoViewTask("vicreg", "").gradient(at::ones({2, 4, 6}, at::kDouble)).isfinite().all().item<bool>());
}
