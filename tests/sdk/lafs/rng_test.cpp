#include "lafs/rng.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <set>
#include <vector>

using namespace lafs;

namespace {

constexpr int64_t draws = 20000;

/// Mean and variance of many draws. Keys are fixed, so the tests below cannot fail by chance once they pass.
struct Moments {
  double mean = 0, variance = 0;
};

Moments moments(uint64_t key, const std::function<double(Rng&)>& draw) {
  Rng rng(key);
  std::vector<double> values(static_cast<size_t>(draws));
  for (double& value : values) value = draw(rng);
  Moments found;
  found.mean = std::accumulate(values.begin(), values.end(), 0.0) / draws;
  for (const double value : values) found.variance += (value - found.mean) * (value - found.mean) / draws;
  return found;
}

/// The mean within five of its standard errors, the variance within a tenth.
void check_moments(const Moments& found, double mean, double variance) {
  CAPTURE(mean);
  CAPTURE(variance);
  CHECK(std::abs(found.mean - mean) <= 5 * std::sqrt(variance / draws));
  CHECK(std::abs(found.variance - variance) <= 0.1 * variance);
}

/// The share of draws for which something holds, within five standard errors of the probability.
void check_share(uint64_t key, double probability, const std::function<bool(Rng&)>& holds) {
  Rng rng(key);
  int64_t count = 0;
  for (int64_t i = 0; i < draws; ++i) count += holds(rng);
  CAPTURE(probability);
  CHECK(std::abs(static_cast<double>(count) / draws - probability) <= 5 * std::sqrt(probability * (1 - probability) / draws));
}

}  // namespace

TEST_CASE("rng: philox gives the published words for counter and key 0") {
  // kat_vectors of Random123, Philox4x32 with 10 rounds.
  CHECK(philox(0, 0) == std::array<uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
}

TEST_CASE("rng: keys of names are FNV-1a, and folding depends on the order") {
  CHECK(key_of("") == 0xcbf29ce484222325u);
  CHECK(key_of("a") == 0xaf63dc4c8601ec8cu);
  CHECK(fold(fold(0, 1), 2) != fold(fold(0, 2), 1));
  std::set<uint64_t> keys;
  for (uint64_t i = 0; i < 10000; ++i) keys.insert(fold(7, i));
  CHECK(keys.size() == 10000);
}

TEST_CASE("rng: equal keys give equal draws, and a fork does not depend on what was drawn before") {
  Rng a(5), b(5), other(6);
  CHECK(a.bits() == b.bits());
  CHECK(a.uniform() == b.uniform());
  Rng late = a.fork(3), early = Rng(5).fork(3);
  CHECK(late.key() == early.key());
  CHECK(late.bits() == early.bits());
  CHECK(Rng(5).fork(3).key() != Rng(5).fork(4).key());
  CHECK(Rng(5).bits() != other.bits());
}

TEST_CASE("rng: a copy continues on its own from the same place") {
  Rng rng(9);
  rng.bits();
  Rng copy = rng;
  const uint32_t next = rng.bits();
  rng.bits();
  CHECK(copy.bits() == next);
}

TEST_CASE("rng: uniform numbers lie in the half-open range, evenly") {
  check_moments(moments(1, [](Rng& rng) { return rng.uniform(); }), 0.5, 1.0 / 12);
  check_moments(moments(2, [](Rng& rng) { return rng.uniform(-3, 1); }), -1, 16.0 / 12);
  Rng rng(3);
  for (int64_t i = 0; i < draws; ++i) {
    const double value = rng.uniform();
    REQUIRE(value >= 0);
    REQUIRE(value < 1);
  }
  CHECK(rng.uniform(2, 2) == 2);
}

TEST_CASE("rng: integers take every value of the range equally often") {
  for (int64_t value = -3; value < 4; ++value) check_share(4, 1.0 / 7, [&](Rng& rng) { return rng.integer(-3, 4) == value; });
  Rng rng(5);
  CHECK(rng.integer(8, 9) == 8);
  for (int i = 0; i < 100; ++i) {
    const int64_t large = rng.integer(INT64_MIN / 2, INT64_MAX / 2);
    REQUIRE(large >= INT64_MIN / 2);
    REQUIRE(large < INT64_MAX / 2);
  }
}

TEST_CASE("rng: coins fall as their probability says, and never or always at 0 and 1") {
  check_share(6, 0.3, [](Rng& rng) { return rng.coin(0.3); });
  Rng rng(7);
  for (int64_t i = 0; i < draws; ++i) {
    REQUIRE_FALSE(rng.coin(0));
    REQUIRE(rng.coin(1));
  }
}

TEST_CASE("rng: normal numbers have the moments and the tails of the normal distribution") {
  check_moments(moments(8, [](Rng& rng) { return rng.normal(); }), 0, 1);
  check_moments(moments(9, [](Rng& rng) { return rng.normal(3, 0.5); }), 3, 0.25);
  check_moments(moments(10, [](Rng& rng) { return std::pow(rng.normal(), 2); }), 1, 2);
  check_share(11, 0.05, [](Rng& rng) { return std::abs(rng.normal()) > 1.959964; });
  Rng standard(12), scaled(12);
  CHECK(scaled.normal(3, 2) == 3 + 2 * standard.normal());
}

TEST_CASE("rng: gamma numbers are positive and have mean and variance of their shape") {
  for (const double shape : {0.3, 1.0, 2.5, 20.0}) {
    check_moments(moments(fold(13, static_cast<uint64_t>(10 * shape)), [&](Rng& rng) { return rng.gamma(shape); }), shape, shape);
  }
  Rng rng(14);
  for (int64_t i = 0; i < draws; ++i) REQUIRE(rng.gamma(0.3) >= 0);
  // Shape 1 is the exponential distribution.
  check_share(15, std::exp(-1), [](Rng& exponential) { return exponential.gamma(1) > 1; });
}

TEST_CASE("rng: beta numbers lie in [0, 1] with the moments of their shapes") {
  for (const auto& [a, b] : {std::pair(0.4, 0.4), {1.0, 1.0}, {2.0, 5.0}}) {
    const double sum = a + b;
    check_moments(moments(fold(16, static_cast<uint64_t>(10 * a)), [&, a = a, b = b](Rng& rng) { return rng.beta(a, b); }), a / sum,
                  a * b / (sum * sum * (sum + 1)));
  }
  // Beta(1, 1) is uniform.
  check_share(17, 0.25, [](Rng& rng) { return rng.beta(1, 1) < 0.25; });
  Rng rng(18);
  for (int64_t i = 0; i < draws; ++i) {
    const double value = rng.beta(0.01, 0.01);
    REQUIRE(value >= 0);
    REQUIRE(value <= 1);
  }
}

TEST_CASE("rng: a shuffle keeps every item and puts each into each place equally often") {
  for (int64_t place = 0; place < 3; ++place) {
    for (int64_t item = 0; item < 3; ++item) {
      check_share(19, 1.0 / 3, [&](Rng& rng) {
        std::vector<int64_t> items{0, 1, 2};
        rng.shuffle(items);
        REQUIRE(std::is_permutation(items.begin(), items.end(), std::vector<int64_t>{0, 1, 2}.begin()));
        return items[static_cast<size_t>(place)] == item;
      });
    }
  }
  std::vector<int64_t> none, one{4};
  Rng rng(20), untouched(20);
  rng.shuffle(none);
  rng.shuffle(one);
  CHECK(one == std::vector<int64_t>{4});
  CHECK(rng.bits() == untouched.bits());
}

TEST_CASE("rng: a permutation takes every place once, in an order of its key") {
  for (const int64_t size : {1, 2, 3, 16, 17, 1000}) {
    const Permutation order(size, 21);
    std::set<int64_t> taken;
    for (int64_t i = 0; i < size; ++i) taken.insert(order(i));
    CHECK(static_cast<int64_t>(taken.size()) == size);
    CHECK(*taken.begin() == 0);
    CHECK(*taken.rbegin() == size - 1);
  }
  const Permutation a(1000, 21), b(1000, 22);
  int64_t equal = 0;
  for (int64_t i = 0; i < 1000; ++i) equal += a(i) == b(i);
  CHECK(equal < 20);
}
