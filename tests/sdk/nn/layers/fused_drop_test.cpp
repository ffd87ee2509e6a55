#include "nn/layers/fused_drop.h"

#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <torch/types.h>

#include "kernel/train/draws.h"
#include "lafs/error.h"
#include "lafs/rng.h"
#include "nn/layers/branch_rows.h"
#include "nn/simd/fused_simd.h"
#include "support/keyless_draws.h"
#include "support/vector_units.h"

using namespace lafs;
using namespace lafs::nn;

namespace {

Pass keyed_pass() { return {true, keyed_draws(3, 5, 0, {4, 9, 2, 7, 11}, at::kCPU)}; }
Pass keyless_pass() { return {true, std::make_shared<test::KeylessDraws>(keyed_pass().draws)}; }

struct DropOutcome {
  at::Tensor out, residual_gradient, branch_gradient;
};

DropOutcome added_up(const at::Tensor& residual, const at::Tensor& branch, double dropout, double path, const Pass& pass) {
  const at::Tensor r = residual.detach().clone().requires_grad_(), b = branch.detach().clone().requires_grad_();
  const at::Tensor out = drop_add(r, b, {dropout, "a"}, {path, "p"}, pass);
  const at::Tensor weights = torch::linspace(-2, 2, out.numel()).view_as(out).to(out.scalar_type());
  out.backward(weights);
  return {out.detach(), r.grad(), b.grad()};
}

void same_outcome(const DropOutcome& a, const DropOutcome& b) {
  CHECK((a.out.scalar_type() == b.out.scalar_type()));
  CHECK(at::equal(a.out, b.out));
  CHECK(at::equal(a.residual_gradient, b.residual_gradient));
  CHECK(at::equal(a.branch_gradient, b.branch_gradient));
}

}  // namespace

TEST_CASE("fused dropout: every vector unit draws the bits of philox") {
  const uint64_t key = 0x0123456789abcdefu;
  constexpr int64_t first = 8 * 12345, count = 5003;
  std::vector<uint16_t> wanted(count);
  for (int64_t i = 0; i < count; ++i) {
    const int64_t e = first + i;
    const uint32_t word = philox(key, static_cast<uint64_t>(e / 8))[static_cast<size_t>(e / 2 % 4)];
    wanted[static_cast<size_t>(i)] = static_cast<uint16_t>(word >> (16 * (e % 2)));
  }
  test::on_every_unit([&] {
    std::vector<uint16_t> bits(count);
    mask_bits(key, first, count, bits.data());
    CHECK(bits == wanted);
  });
}

TEST_CASE("fused dropout: equals the plain operations bit for bit, forward and backward, on every vector unit") {
  const at::Tensor residual = torch::randn({5, 37, 301}), branch = torch::randn({5, 37, 301});
  const at::Tensor half_residual = residual.to(at::kBFloat16), half_branch = branch.to(at::kBFloat16);
  test::on_every_unit([&] {
    for (const auto& [dropout, path] : {std::pair{0.1, 0.4}, {0.1, 0.0}, {0.0, 0.4}, {0.5, 0.1}}) {
      same_outcome(added_up(residual, branch, dropout, path, keyed_pass()), added_up(residual, branch, dropout, path, keyless_pass()));
      same_outcome(added_up(residual, half_branch, dropout, path, keyed_pass()),
                   added_up(residual, half_branch, dropout, path, keyless_pass()));
      same_outcome(added_up(half_residual, half_branch, dropout, path, keyed_pass()),
                   added_up(half_residual, half_branch, dropout, path, keyless_pass()));
    }
  });
}

TEST_CASE("fused dropout: the mask is that of keep_mask, and an odd width, one row and strided inputs are no matter") {
  const Pass pass = keyed_pass();
  const at::Tensor ones = torch::ones({5, 3, 7}), zeros = torch::zeros({5, 3, 7});
  CHECK(at::equal(drop_add(zeros, ones, {0.3, "a"}, {0, "p"}, pass), pass.draws->keep_mask("a", 0.7, {3, 7})));
  const at::Tensor strided = torch::randn({7, 3, 5}).transpose(0, 2);
  CHECK(at::equal(drop_add(strided, strided, {0.3, "a"}, {0.2, "p"}, pass),
                  drop_add(strided, strided, {0.3, "a"}, {0.2, "p"}, keyless_pass())));
}

TEST_CASE("branch rows: a branch of the rows that take it equals the branch of all, forward and backward") {
  const at::Tensor x = torch::randn({5, 3, 8}), matrix = torch::randn({8, 8});
  const auto outcome = [&](const auto& branch) {
    const at::Tensor from = x.detach().clone().requires_grad_(), by = matrix.detach().clone().requires_grad_();
    const at::Tensor out = branch(from, by);
    out.backward(torch::linspace(-2, 2, out.numel()).view_as(out));
    return std::vector<at::Tensor>{out.detach(), from.grad(), by.grad()};
  };
  for (const double path : {0.0, 0.3, 0.9, 0.99}) {
    for (const Pass& pass : {keyed_pass(), keyless_pass(), Pass{}}) {
      CAPTURE(path);
      const auto whole = outcome([&](const at::Tensor& from, const at::Tensor& by) {
        return drop_add(from, gelu_drop(at::matmul(from, by), {0.2, "h"}, pass), {0.1, "a"}, {path, "p"}, pass);
      });
      const auto some = outcome([&](const at::Tensor& from, const at::Tensor& by) {
        const BranchRows rows(from, {path, "p"}, pass);
        return rows.add(from, gelu_drop(at::matmul(rows.of(from), by), {0.2, "h"}, rows.pass()), {0.1, "a"});
      });
      for (size_t i = 0; i < whole.size(); ++i) CHECK(at::allclose(whole[i], some[i], 1e-5, 1e-6));
    }
  }
}

TEST_CASE("branch rows: a branch in fp16 joins as its numbers in fp32 do") {
  const at::Tensor x = torch::randn({5, 3, 8}), half = torch::randn({5, 3, 8}).to(at::kHalf);
  const auto joined = [&](const at::Tensor& branch) {
    const at::Tensor b = branch.detach().clone().requires_grad_();
    const BranchRows rows(x, {0.3, "p"}, keyed_pass());
    const at::Tensor out = rows.add(x, rows.of(b), {0.1, "a"});
    out.backward(torch::linspace(-2, 2, out.numel()).view_as(out));
    return std::vector<at::Tensor>{out.detach(), b.grad()};
  };
  const auto narrow = joined(half), wide = joined(half.to(at::kFloat));
  CHECK(at::equal(narrow[0], wide[0]));
  CHECK((narrow[1].scalar_type() == at::kHalf));
  CHECK(at::equal(narrow[1], wide[1].to(at::kHalf)));
}

TEST_CASE("branch rows: only the rows that take the branch are computed, and one where none does") {
  const at::Tensor x = torch::randn({5, 3, 8});
  const at::Tensor mask = keyed_pass().draws->keep_mask("p", 0.5, {1, 1});
  CHECK(BranchRows(x, {0.5, "p"}, keyed_pass()).of(x).size(0) == mask.count_nonzero().item<int64_t>());
  CHECK(BranchRows(x, {0.5, "p"}, keyless_pass()).of(x).size(0) == 5);
  REQUIRE(keyed_pass().draws->keep_mask("p", 0.01, {1, 1}).count_nonzero().item<int64_t>() == 0);
  const BranchRows none(x, {0.99, "p"}, keyed_pass());
  CHECK(none.of(x).size(0) == 1);
  CHECK(at::equal(none.add(x, none.of(x), {}), x));
}

TEST_CASE("branch rows: a branch of other rows than those that take it is an error, and draws without keys for the dropout drop as well") {
  const at::Tensor x = torch::randn({5, 3, 8});
  const BranchRows rows(x, {0.5, "p"}, keyed_pass());
  const int64_t taking = rows.of(x).size(0);
  REQUIRE(taking < 5);
  CHECK_THROWS_WITH_AS(rows.add(x, x, {}),
                       fmt::format("\"branch\" has shape [5, 3, 8] for {} rows of a \"residual\" of shape [5, 3, 8]", taking).c_str(),
                       Error);
  class PathKeysOnly final : public test::KeylessDraws {
   public:
    using KeylessDraws::KeylessDraws;
    std::vector<uint64_t> row_keys(std::string_view stream) const override {
      return stream == "p" ? inner().row_keys(stream) : std::vector<uint64_t>();
    }
  };
  const Pass half{true, std::make_shared<PathKeysOnly>(keyed_pass().draws)};
  const BranchRows mixed(x, {0.5, "p"}, half);
  CHECK(at::allclose(mixed.add(x, mixed.of(x), {0.4, "a"}), drop_add(x, x, {0.4, "a"}, {0.5, "p"}, keyed_pass()), 1e-6, 1e-6));
}

TEST_CASE("fused dropout: acts only in training with draws") {
  const at::Tensor x = torch::randn({5, 8}), y = torch::randn({5, 8});
  CHECK(at::equal(drop_add(x, y, {0.3, "a"}, {0.2, "p"}, {false, keyed_pass().draws}), x + y));
  CHECK(at::equal(drop_add(x, y, {0.3, "a"}, {0.2, "p"}, {true, nullptr}), x + y));
  CHECK(at::equal(gelu_drop(x, {0.3, "a"}, {}), at::gelu(x)));
}

TEST_CASE("fused gelu: value and gradient are the plain ones within 3e-7 a unit, and masked alike, on every vector unit") {
  torch::manual_seed(13);
  const at::Tensor x = at::cat({torch::linspace(-14, 14, 4000), torch::randn({1005})}).view({5, 1001});
  test::on_every_unit([&] {
    const at::Tensor a = x.clone().requires_grad_(), b = x.clone().requires_grad_();
    const at::Tensor mine = gelu_drop(a, {0.1, "h"}, keyed_pass()), theirs = gelu_drop(b, {0.1, "h"}, keyless_pass());
    CHECK(((mine - theirs).abs() / x.abs().clamp_min(1)).max().item<double>() < 3.4e-7);
    const at::Tensor weights = torch::cos(torch::arange(x.numel(), at::kFloat)).view_as(x);
    mine.backward(weights);
    theirs.backward(weights);
    CHECK((a.grad() - b.grad()).abs().max().item<double>() < 6e-7);
    const at::Tensor half = x.to(at::kBFloat16);
    const at::Tensor h = half.clone().requires_grad_(), p = half.clone().requires_grad_();
    const at::Tensor half_mine = gelu_drop(h, {0.1, "h"}, keyed_pass()), half_theirs = gelu_drop(p, {0.1, "h"}, keyless_pass());
    CHECK((half_mine.scalar_type() == at::kBFloat16));
    CHECK(at::allclose(half_mine, half_theirs, 0.008, 1e-6));
    half_mine.backward(weights.to(at::kBFloat16));
    half_theirs.backward(weights.to(at::kBFloat16));
    CHECK(at::allclose(h.grad(), p.grad(), 0.016, 1e-4));
  });
}

TEST_CASE("fused gelu: infinities and NaN come out as they should") {
  const at::Tensor x = torch::tensor({INFINITY, -200.0f, 0.0f, NAN}).expand({5, 4}).contiguous();
  const at::Tensor y = gelu_drop(x, {1e-6, "h"}, keyed_pass());
  CHECK(y[0][0].item<float>() == INFINITY);
  CHECK(y[0][1].item<float>() == 0);
  CHECK(y[0][2].item<float>() == 0);
  CHECK(std::isnan(y[0][3].item<float>()));
}
