#include "kernel/train/draws.h"

#include <algorithm>
#include <set>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <doctest/doctest.h>

namespace lafs {
namespace {

std::shared_ptr<const Draws> draws(std::vector<int64_t> positions, uint64_t seed = 3, int64_t step = 5, int64_t micro = 1) {
  return keyed_draws(seed, step, micro, std::move(positions), at::kCPU);
}

bool same(const at::Tensor& a, const at::Tensor& b) { return at::equal(a, b); }

TEST_CASE("draws: a stream gives the same numbers at every call, whatever was drawn before") {
  const auto one = draws({4, 9, 2}), other = draws({4, 9, 2});
  const at::Tensor first = one->normal("noise", {3, 5});
  one->uniform("else", {7});
  CHECK(same(one->normal("noise", {3, 5}), first));
  other->permutations("order", 6);
  CHECK(same(other->normal("noise", {3, 5}), first));
}

TEST_CASE("draws: seed, step, micro-batch, stream and scope each change the numbers") {
  const at::Tensor plain = draws({1, 2})->uniform("a", {8});
  CHECK(!same(draws({1, 2}, 4)->uniform("a", {8}), plain));
  CHECK(!same(draws({1, 2}, 3, 6)->uniform("a", {8}), plain));
  CHECK(!same(draws({1, 2}, 3, 5, 0)->uniform("a", {8}), plain));
  CHECK(!same(draws({1, 2})->uniform("b", {8}), plain));
  CHECK(!same(draws({1, 2})->scope("student")->uniform("a", {8}), plain));
  CHECK(same(draws({1, 2})->scope("student")->uniform("a", {8}), draws({1, 2})->scope("student")->uniform("a", {8})));
  CHECK(draws({1, 2})->batch_key("mixup") == draws({7})->batch_key("mixup"));
  CHECK(draws({1, 2})->batch_key("mixup") != draws({1, 2})->batch_key("cutmix"));
}

TEST_CASE("draws: a row's numbers follow its position in the epoch, not its place in the batch") {
  const at::Tensor forth = draws({10, 20, 30})->normal("noise", {9}), back = draws({30, 20, 10})->normal("noise", {9});
  CHECK(same(forth[0], back[2]));
  CHECK(same(forth[1], back[1]));
  CHECK(same(draws({20})->normal("noise", {9})[0], forth[1]));
  CHECK(!same(forth[0], forth[1]));
}

TEST_CASE("draws: rows of views are view-major, view 0 is the rows themselves, later views draw alone") {
  const auto plain = draws({10, 20});
  const auto three = plain->views(3, 0);
  CHECK(three->rows() == 6);
  const at::Tensor all = three->uniform("a", {4});
  CHECK(same(all.slice(0, 0, 2), plain->uniform("a", {4})));
  CHECK(same(all.slice(0, 2, 6), plain->views(2, 1)->uniform("a", {4})));
  CHECK(!same(all.slice(0, 2, 4), all.slice(0, 0, 2)));
  CHECK(!same(all.slice(0, 2, 4), all.slice(0, 4, 6)));
}

TEST_CASE("draws: uniforms lie in [0, 1) and spread evenly") {
  const at::Tensor values = draws({0, 1, 2, 3})->uniform("a", {50000});
  CHECK(values.min().item<float>() >= 0.0f);
  CHECK(values.max().item<float>() < 1.0f);
  const at::Tensor counts = at::histc(values, 10, 0, 1);
  CHECK((counts / 200000 - 0.1).abs().max().item<double>() < 0.004);
}

TEST_CASE("draws: normals have mean 0, deviation 1 and no outlier beyond what 32 bits give") {
  const at::Tensor values = draws({0, 1, 2, 3})->normal("a", {50001}).to(at::kDouble);
  CHECK(std::abs(values.mean().item<double>()) < 0.01);
  CHECK(std::abs(values.std().item<double>() - 1) < 0.01);
  CHECK(std::abs(values.pow(4).mean().item<double>() - 3) < 0.1);
  CHECK(values.abs().max().item<double>() < 6.7);
}

TEST_CASE("draws: integers lie below their bound, each as often") {
  const at::Tensor values = draws({0, 1})->integers("a", 7, {35000});
  CHECK((values.scalar_type() == at::kLong));
  const at::Tensor counts = at::bincount(values.flatten());
  CHECK(counts.numel() == 7);
  CHECK((counts.to(at::kDouble) / 70000 - 1.0 / 7).abs().max().item<double>() < 0.006);
  CHECK(same(draws({0})->integers("a", 1, {5}), at::zeros({1, 5}, at::kLong)));
}

TEST_CASE("draws: each row of permutations holds every number once, and rows differ") {
  const at::Tensor rows = draws({0, 1, 2})->permutations("order", 40);
  CHECK(same(std::get<0>(rows.sort(1)), at::arange(40).expand({3, 40})));
  CHECK(!same(rows[0], rows[1]));
  CHECK(!same(rows[0], at::arange(40)));
}

TEST_CASE("draws: a keep mask is 0 or 1 / keep, with mean 1") {
  for (const double keep : {0.5, 0.75, 0.9, 0.1}) {
    CAPTURE(keep);
    const at::Tensor mask = draws({0, 1, 2})->keep_mask("dropout", keep, {40000});
    const auto kept = static_cast<float>(1 / keep);
    CHECK(mask.eq(0).logical_or(mask.eq(kept)).all().item<bool>());
    CHECK(std::abs(mask.mean().item<double>() - 1) < 0.04);
  }
  CHECK(same(draws({0})->keep_mask("dropout", 1, {100}), at::ones({1, 100})));
}

TEST_CASE("draws: a drop-path mask has one number a row") {
  const at::Tensor mask = draws({5, 6, 7, 8})->keep_mask("path", 0.5, {1, 1});
  CHECK(mask.sizes() == at::IntArrayRef({4, 1, 1}));
}

TEST_CASE("draws: the number of threads changes nothing") {
  const int before = at::get_num_threads();
  const auto all = [] {
    const auto d = draws({3, 1, 4, 1, 5});
    return at::cat({d->normal("a", {9001}).flatten(), d->uniform("b", {9001}).flatten(), d->keep_mask("c", 0.7, {9001}).flatten(),
                    d->integers("d", 9, {9001}).flatten().to(at::kFloat), d->permutations("e", 99).flatten().to(at::kFloat)});
  };
  at::set_num_threads(1);
  const at::Tensor one = all();
  at::set_num_threads(4);
  const at::Tensor four = all();
  at::set_num_threads(before);
  CHECK(same(one, four));
}

}  // namespace
}  // namespace lafs
