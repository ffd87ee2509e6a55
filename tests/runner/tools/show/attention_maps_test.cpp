#include "runner/tools/show/attention_maps.h"

#include <doctest/doctest.h>
#include <torch/types.h>

#include "lafs/error.h"

namespace lafs::test {
namespace {

/// [heads,T,T], rows of sum 1, no two alike.
at::Tensor some_attention(int64_t heads, int64_t tokens, double twist) {
  const at::Tensor scores = torch::arange(heads * tokens * tokens, at::kDouble).mul(twist).sin().mul(3).view({heads, tokens, tokens});
  return scores.softmax(-1);
}

TEST_CASE("show: every row of a roll-out has sum 1") {
  const at::Tensor product = roll_out({some_attention(3, 7, 0.7), some_attention(3, 7, 1.9), some_attention(2, 7, 0.3)});
  CHECK(product.sizes() == at::IntArrayRef{7, 7});
  CHECK((product.sum(1) - 1).abs().max().item<double>() < 1e-14);
  CHECK(product.min().item<double>() > 0);
}

TEST_CASE("show: a roll-out multiplies later blocks from the left") {
  // Token 0 looks at 1 in the second block, and 1 at 2 in the first: so 0 has heard of 2. The other order would not say so.
  at::Tensor first = torch::eye(3, at::kDouble).unsqueeze(0), second = first.clone();
  first[0][1] = torch::tensor({0.0, 0.0, 1.0}, at::kDouble);
  second[0][0] = torch::tensor({0.0, 1.0, 0.0}, at::kDouble);
  const at::Tensor product = roll_out({first, second});
  CHECK(product[0][0].item<double>() == 0.5);
  CHECK(product[0][1].item<double>() == 0.25);
  CHECK(product[0][2].item<double>() == 0.25);
  CHECK(roll_out({second, first})[0][2].item<double>() == 0);
  CHECK_THROWS_WITH_AS(roll_out({}), "the model shows the attention of no block", Error);
}

TEST_CASE("show: the class token's row is without itself") {
  const at::Tensor attention = some_attention(2, 5, 0.9), rows = class_rows(attention);
  CHECK(rows.sizes() == at::IntArrayRef{2, 4});
  CHECK(at::equal(rows[1], attention[1][0].slice(0, 1)));
}

TEST_CASE("show: a mask holds the largest numbers, about a share of the mass") {
  const at::Tensor map = torch::tensor({1.0, 4.0, 2.0, 3.0}, at::kDouble);
  // Shares .1 .4 .2 .3; running sums from the smallest: .1 .3 .6 1.
  const auto kept = [&](double share) { return mass_mask(map, share).to(at::kLong); };
  CHECK(at::equal(kept(0.6), torch::tensor({0, 1, 0, 1}, at::kLong)));
  CHECK(at::equal(kept(0.75), torch::tensor({0, 1, 1, 1}, at::kLong)));
  CHECK(at::equal(kept(0.05), torch::tensor({0, 1, 0, 0}, at::kLong)));
  CHECK(at::equal(kept(1), torch::tensor({1, 1, 1, 1}, at::kLong)));
  const at::Tensor maps = class_rows(some_attention(4, 50, 0.37)), masks = mass_mask(maps, 0.6);
  const at::Tensor parts = maps / maps.sum(-1, true), mass = (parts * masks).sum(-1);
  CHECK(mass.min().item<double>() >= 0.6);
  CHECK((mass - parts.max().item<double>()).max().item<double>() < 0.6);
}

TEST_CASE("show: patches of a raster are found by their number") {
  CHECK(raster_of(196, 112, 112).rows == 14);
  CHECK(raster_of(8, 32, 64).columns == 4);
  CHECK(raster_of(14, 64, 64).rows == 0);
}

}  // namespace
}  // namespace lafs::test
