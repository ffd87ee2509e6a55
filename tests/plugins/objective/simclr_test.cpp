#include <cmath>

#include <doctest/doctest.h>
#include <torch/types.h>

#include "support/two_view_task.h"

using namespace lafs;
using test::TwoViewTask;

namespace {

/// The mean over all views of equation 1, term by term.
double naive_simclr(const at::Tensor& projections, double temperature) {
  const at::Tensor z = projections.flatten(0, 1);
  const int64_t views = z.size(0);
  double sum = 0;
  for (int64_t i = 0; i < views; ++i) {
    double others = 0;
    for (int64_t k = 0; k < views; ++k) {
      if (k != i) others += std::exp(test::cosine_of(z[i], z[k]) / temperature);
    }
    sum -= std::log(std::exp(test::cosine_of(z[i], z[(i + views / 2) % views]) / temperature) / others);
  }
  return sum / static_cast<double>(views);
}

}  // namespace

TEST_CASE("simclr: the loss is equation 1, and the published code's is twice as large (SS-01)") {
  const at::Tensor z = test::drawn_projections();
  for (const char* temperature : {"0.1", "0.5"}) {
    const std::string options = std::string("temperature = ") + temperature;
    const double wanted = naive_simclr(z, std::stod(temperature));
    CHECK(TwoViewTask("simclr", options + "\nadd_views = false").value(z) == doctest::Approx(wanted).epsilon(1e-9));
    CHECK(TwoViewTask("simclr", options).value(z) == doctest::Approx(2 * wanted).epsilon(1e-9));
  }
}

TEST_CASE("simclr: two pictures at a right angle, by hand") {
  const at::Tensor picture = at::eye(2, 6, at::kDouble), z = at::stack({picture, picture});
  const double wanted = -std::log(std::exp(2.0) / (std::exp(2.0) + 2));  // the partner, and two views at a right angle
  CHECK(TwoViewTask("simclr", "temperature = 0.5\nadd_views = false").value(z) == doctest::Approx(wanted).epsilon(1e-12));
}

TEST_CASE("simclr: the order of pictures, the order of views and lengths do not matter") {
  const at::Tensor z = test::drawn_projections();
  TwoViewTask task("simclr", "");
  const double loss = task.value(z);
  CHECK(task.value(z.flip(1).contiguous()) == doctest::Approx(loss).epsilon(1e-12));
  CHECK(task.value(z.flip(0).contiguous()) == doctest::Approx(loss).epsilon(1e-12));
  CHECK(task.value(z * at::arange(1, 9, at::kDouble).view({8, 1})) == doctest::Approx(loss).epsilon(1e-12));
}

TEST_CASE("simclr: two ranks with half the pictures are one with all, with and without norms") {
  const at::Tensor z = test::drawn_projections();
  for (const char* projector : {"", "hidden = 10\noutputs = 6\nlast_norm = \"plain\""}) {
    const auto whole = test::ranked_step(1, "simclr", "", z, projector);
    CHECK(test::same_step(whole, test::ranked_step(2, "simclr", "", z, projector)));
    CHECK(test::same_step(whole, test::ranked_step(4, "simclr", "", z, projector)));
  }
}

TEST_CASE("simclr: gradients are finite where projections are equal or zero") {
  at::Tensor z = at::ones({2, 4, 6}, at::kDouble);
  CHECK(TwoViewTask("simclr", "").gradient(z).isfinite().all().item<bool>());
  z[0][1].zero_();
  CHECK(TwoViewTask("simclr", "").gradient(z).isfinite().all().item<bool>());
}
