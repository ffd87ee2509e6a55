#include <cmath>

#include <doctest/doctest.h>
#include <torch/types.h>

#include "support/two_view_task.h"

using namespace lafs;
using test::TwoViewTask;

namespace {

/// Column k with mean 0 and deviation 1 over the pictures.
std::vector<double> standard_column(const at::Tensor& rows, int64_t k) {
  const auto n = static_cast<double>(rows.size(0));
  double mean = 0, square = 0;
  for (int64_t b = 0; b < rows.size(0); ++b) mean += rows[b][k].item<double>() / n;
  for (int64_t b = 0; b < rows.size(0); ++b) square += std::pow(rows[b][k].item<double>() - mean, 2) / n;
  std::vector<double> column;
  for (int64_t b = 0; b < rows.size(0); ++b) column.push_back((rows[b][k].item<double>() - mean) / std::sqrt(square));
  return column;
}

/// Equations 1 and 2, term by term.
double naive_barlow(const at::Tensor& z, double lambda) {
  double loss = 0;
  for (int64_t i = 0; i < z.size(2); ++i) {
    for (int64_t j = 0; j < z.size(2); ++j) {
      const std::vector<double> a = standard_column(z[0], i), b = standard_column(z[1], j);
      double c = 0;
      for (size_t row = 0; row < a.size(); ++row) c += a[row] * b[row] / static_cast<double>(a.size());
      loss += i == j ? (1 - c) * (1 - c) : lambda * c * c;
    }
  }
  return loss;
}

}  // namespace

TEST_CASE("barlow_twins: the loss is equation 1, with a lambda of the paper or of the published code (SS-02)") {
  const at::Tensor z = test::drawn_projections();
  CHECK(TwoViewTask("barlow_twins", "eps = 1e-12").value(z) == doctest::Approx(naive_barlow(z, 0.0051)).epsilon(1e-9));
  CHECK(TwoViewTask("barlow_twins", "eps = 1e-12\nlambda = 0.005").value(z) == doctest::Approx(naive_barlow(z, 0.005)).epsilon(1e-9));
}

TEST_CASE("barlow_twins: equal views with numbers that are not correlated lose nothing") {
  const at::Tensor signs = at::tensor({1., 1., 1., 1., -1., -1., -1., 1., -1., -1., -1., 1.}, at::kDouble).view({4, 3});
  TwoViewTask narrow([](Assembly& assembly) {
    static_cast<test::PlainAssembly&>(assembly).width = 3;
    return test::make<Objective>("barlow_twins", "eps = 1e-12", assembly);
  });
  CHECK(narrow.value(at::stack({signs, signs})) == doctest::Approx(0).epsilon(1e-12));
  CHECK(narrow.value(at::stack({signs, -signs})) == doctest::Approx(3 * 4).epsilon(1e-9));  // (1 - -1)^2 for each of three numbers
}

TEST_CASE("barlow_twins: the order of pictures and scale and shift of each number do not matter") {
  const at::Tensor z = test::drawn_projections();
  TwoViewTask task("barlow_twins", "eps = 1e-12");
  const double loss = task.value(z);
  CHECK(task.value(z.flip(1).contiguous()) == doctest::Approx(loss).epsilon(1e-9));
  CHECK(task.value(z * at::arange(1, 7, at::kDouble) + 3) == doctest::Approx(loss).epsilon(1e-9));
}

TEST_CASE("barlow_twins: two ranks are one, but for the published gradient (SS-03)") {
  const at::Tensor z = test::drawn_projections();
  const std::string norms = "hidden = 10\noutputs = 6";
  for (const std::string& projector : {std::string(), norms}) {
    const auto whole = test::ranked_step(1, "barlow_twins", "share_gradient = false", z, projector);
    CHECK(test::same_step(whole, test::ranked_step(2, "barlow_twins", "share_gradient = false", z, projector)));
    CHECK(test::same_step(whole, test::ranked_step(2, "barlow_twins", "", z, projector), 0.5));
  }
}

TEST_CASE("barlow_twins: gradients are finite where a number does not vary") {
  at::Tensor z = test::drawn_projections();
  z.select(2, 3).fill_(1);
  CHECK(TwoViewTask("barlow_twins", "").gradient(z).isfinite().all().item<bool>());
}
