#include "imaging/rand_augment.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "imaging/decode.h"
#include "imaging/rand_augment_policy.h"
#include "support/error_of.h"
#include "support/vector_units.h"
#include "transform_oracle.h"

namespace {

using lafs::imaging::AugmentOp;
using lafs::imaging::Canvas;
using lafs::imaging::RandAugment;
using lafs::imaging::TransformFilter;
using lafs::test::error_of;
using lafs::test::Rgb;

const std::vector<std::pair<int64_t, int64_t>> sizes{{112, 112}, {37, 21}, {5, 70}, {1, 1}, {2, 3}, {64, 17}};

Rgb noisy(int64_t height, int64_t width, uint64_t key) {
  lafs::Rng rng(key);
  Rgb out{height, width, std::vector<uint8_t>(static_cast<size_t>(height * width * 3))};
  for (uint8_t& v : out.bytes) v = static_cast<uint8_t>(rng.bits() >> 24);
  return out;
}

template <typename Work>
std::vector<uint8_t> after(const Rgb& picture, const Work& work) {
  Canvas canvas;
  canvas.load(lafs::imaging::image_of(picture.height, picture.width, picture.bytes));
  work(canvas);
  std::vector<uint8_t> out(picture.bytes.size());
  canvas.store(out);
  return out;
}

std::vector<uint8_t> after(const Rgb& picture, AugmentOp op, double argument = 0, TransformFilter filter = TransformFilter::bilinear) {
  return after(picture, [&](Canvas& canvas) { lafs::imaging::apply(canvas, op, argument, filter); });
}

RandAugment::Options with_policy(const std::string& policy) {
  RandAugment::Options options;
  options.policy = policy;
  return options;
}

/// Within five deviations of the expected share.
void check_share(int64_t count, int64_t of, double share) {
  const double expected = static_cast<double>(of) * share;
  CAPTURE(count);
  CAPTURE(expected);
  CHECK(std::abs(static_cast<double>(count) - expected) < 5 * std::sqrt(expected * (1 - share)));
}

}  // namespace

TEST_CASE("rand_augment: geometry equals the rule byte for byte on every kind of vectors") {
  const std::array<std::array<double, 6>, 8> matrices{{{1, 0.06, 0, 0, 1, 0},
                                                       {1, 0, 0, -0.3, 1, 0},
                                                       {1, 0, -5.04, 0, 1, 0},
                                                       {1, 0, 0, 0, 1, 8},
                                                       {0.9, 0.3, -2, -0.3, 0.9, 4},
                                                       {1.2, 0.01, 0.25, 0.02, 0.8, -1},
                                                       {-1, 0, 20, 0, -1, 20},
                                                       {1, 0, 1000, 0, 1, 0}}};
  for (const auto& [height, width] : sizes) {
    const Rgb picture = noisy(height, width, 5);
    for (const auto& back : matrices) {
      for (const bool cubic : {false, true}) {
        CAPTURE(height);
        CAPTURE(back[0]);
        CAPTURE(cubic);
        const Rgb expected = lafs::test::transformed(picture, back, cubic, 128);
        lafs::test::on_every_unit([&] {
          CHECK(after(picture, [&](Canvas& canvas) {
                  canvas.transform(back, cubic ? TransformFilter::bicubic : TransformFilter::bilinear, 128);
                }) == expected.bytes);
        });
      }
    }
  }
}

TEST_CASE("rand_augment: a turn by a quarter moves every pixel of a square picture counter-clockwise") {
  const Rgb picture = noisy(17, 17, 6);
  const std::vector<uint8_t> turned = after(picture, AugmentOp::rotate, 90, TransformFilter::bicubic);
  for (int64_t y = 0; y < 17; ++y) {
    for (int64_t x = 0; x < 17; ++x) CHECK(turned[static_cast<size_t>((y * 17 + x) * 3)] == picture.at(x, 16 - y, 0));
  }
}

TEST_CASE("rand_augment: a full turn, factors of 1 and shifts by nothing leave the picture") {
  const Rgb picture = noisy(37, 21, 7);
  for (const double degrees : {0.0, 360.0, -720.0}) CHECK(after(picture, AugmentOp::rotate, degrees) == picture.bytes);
  for (const AugmentOp op : {AugmentOp::colour, AugmentOp::contrast, AugmentOp::brightness, AugmentOp::sharpness}) {
    CHECK(after(picture, op, 1) == picture.bytes);
  }
  for (const AugmentOp op : {AugmentOp::shear_x, AugmentOp::shear_y, AugmentOp::translate_x, AugmentOp::translate_y}) {
    CHECK(after(picture, op, 0, TransformFilter::bicubic) == picture.bytes);
  }
  CHECK(after(picture, AugmentOp::posterise, 8) == picture.bytes);
}

TEST_CASE("rand_augment: sharpness blends with the smoothed picture on every kind of vectors") {
  for (const auto& [height, width] : sizes) {
    const Rgb picture = noisy(height, width, 8), smooth = lafs::test::smoothed(picture);
    for (const float factor : {0.0f, 0.91f, 1.18f, 1.9f}) {
      std::vector<uint8_t> expected;
      for (size_t i = 0; i < picture.bytes.size(); ++i) expected.push_back(lafs::test::blend(smooth.bytes[i], factor, picture.bytes[i]));
      lafs::test::on_every_unit([&] { CHECK(after(picture, AugmentOp::sharpness, static_cast<double>(factor)) == expected); });
    }
  }
}

TEST_CASE("rand_augment: tables of single pixels") {
  const Rgb picture{1, 3, {10, 200, 7, 60, 200, 7, 110, 200, 8}};
  CHECK(after(picture, AugmentOp::auto_contrast) == std::vector<uint8_t>{0, 200, 0, 127, 200, 0, 255, 200, 255});
  CHECK(after(picture, AugmentOp::invert) == std::vector<uint8_t>{245, 55, 248, 195, 55, 248, 145, 55, 247});
  CHECK(after(picture, AugmentOp::posterise, 3) == std::vector<uint8_t>{0, 192, 0, 32, 192, 0, 96, 192, 0});
  CHECK(after(picture, AugmentOp::posterise, 0) == std::vector<uint8_t>(9, 0));
  CHECK(after(picture, AugmentOp::equalise) == picture.bytes);  // too few pixels for a step
}

TEST_CASE("rand_augment: equalising makes a slope of few levels even") {
  Rgb picture{32, 64, {}};
  for (int64_t i = 0; i < 32 * 64; ++i) {
    for (int c = 0; c < 3; ++c) picture.bytes.push_back(static_cast<uint8_t>(100 + i / 512));
  }
  // 2,048 pixels on four levels: a step of (2048 - 512) / 255 = 6, from 3 on.
  const std::vector<uint8_t> even = after(picture, AugmentOp::equalise);
  for (const size_t level : {0u, 1u, 2u, 3u}) CHECK(even[level * 512 * 3] == std::min<size_t>(255, (3 + 512 * level) / 6));
}

TEST_CASE("rand_augment: inverting twice gives the picture back, and stretching twice changes nothing more") {
  const Rgb picture = noisy(20, 20, 9);
  CHECK(after(Rgb{20, 20, after(picture, AugmentOp::invert)}, AugmentOp::invert) == picture.bytes);
  const Rgb stretched{20, 20, after(picture, AugmentOp::auto_contrast)};
  CHECK(after(stretched, AugmentOp::auto_contrast) == stretched.bytes);
}

TEST_CASE("rand_augment: arguments of the first form of RandAugment") {
  using lafs::imaging::argument_of;
  CHECK(argument_of(AugmentOp::contrast, 0, false, false) == doctest::Approx(0.1));
  CHECK(argument_of(AugmentOp::contrast, 10, false, true) == doctest::Approx(1.9));
  CHECK(argument_of(AugmentOp::posterise, 0, false, false) == 0);
  CHECK(argument_of(AugmentOp::posterise, 10, false, false) == 4);
  CHECK(argument_of(AugmentOp::rotate, 10, false, true) == -30);
  CHECK_FALSE(lafs::imaging::has_sign(AugmentOp::contrast, false));
  CHECK(lafs::imaging::has_sign(AugmentOp::contrast, true));
  CHECK_FALSE(lafs::imaging::has_sign(AugmentOp::posterise, true));
}

TEST_CASE("rand_augment: rates are those of finetuning.md 3.2") {
  const RandAugment augment(with_policy("rand-m1-mstd0.5-inc1"));
  constexpr int64_t pictures = 40000;
  int64_t none = 0, inverted = 0, changes = 0, cubic = 0, geometric = 0, negative = 0, turned = 0;
  std::map<AugmentOp, int64_t> at_least_once;
  for (int64_t key = 0; key < pictures; ++key) {
    lafs::Rng rng(static_cast<uint64_t>(key));
    std::map<AugmentOp, int64_t> times;
    for (const RandAugment::Change& change : augment.draw(rng)) {
      ++times[change.op];
      ++changes;
      if (!lafs::imaging::is_geometric(change.op)) continue;
      ++geometric;
      cubic += change.filter == TransformFilter::bicubic;
      turned += change.argument != 0;
      negative += change.argument < 0;
    }
    none += times.empty();
    inverted += times[AugmentOp::invert] % 2;
    for (const auto& [op, count] : times) at_least_once[op] += count > 0;
  }
  check_share(none, pictures, 0.25);
  check_share(inverted, pictures, 2.0 / 26 * (25.0 / 26));  // 7.4 %: two inversions cancel
  for (const auto& named : lafs::imaging::augment_ops()) {
    CAPTURE(named.name);
    check_share(at_least_once[named.op], pictures, 1 - (25.0 / 26) * (25.0 / 26));  // 7.5 %
  }
  check_share(changes, 2 * pictures, 0.5);
  check_share(cubic, geometric, 0.5);
  check_share(negative, turned, 0.5);
}

TEST_CASE("rand_augment: levels are normal around the magnitude and clipped") {
  RandAugment::Options options = with_policy("rand-m2-mstd0.5-inc1");
  options.operations = {"posterise"};
  options.probability = 1;
  const RandAugment augment(options);
  int64_t three = 0, four = 0, draws = 0;
  for (uint64_t key = 0; key < 20000; ++key) {
    lafs::Rng rng(key);
    for (const RandAugment::Change& change : augment.draw(rng)) {
      ++draws;
      three += change.argument == 3;
      four += change.argument == 4;
    }
  }
  CHECK(draws == 40000);
  check_share(three, draws, 0.1587);  // a level of 2.5 or more, one deviation above
  check_share(four, draws, 0.8413);
  options = RandAugment::Options();
  options.magnitude = 10;
  options.noise = 5;
  options.operations = {"shear_x"};
  for (uint64_t key = 0; key < 1000; ++key) {
    lafs::Rng rng(key);
    for (const RandAugment::Change& change : RandAugment(options).draw(rng)) CHECK(std::abs(change.argument) <= 0.3);
  }
}

TEST_CASE("rand_augment: draws come in the order that the header states") {
  RandAugment::Options options;
  options.count = 1;
  options.probability = 1;
  options.operations = {"rotate", "contrast"};
  for (uint64_t key = 0; key < 50; ++key) {
    lafs::Rng ours(key), by_hand(key);
    const RandAugment::Change change = RandAugment(options).draw(ours).front();
    const AugmentOp op = by_hand.integer(0, 2) == 0 ? AugmentOp::rotate : AugmentOp::contrast;
    by_hand.coin(1);
    const double level = std::clamp(by_hand.normal(1, 0.5), 0.0, 10.0);
    const bool negative = by_hand.coin(0.5), cubic = op == AugmentOp::rotate && by_hand.coin(0.5);
    CHECK(change.op == op);
    CHECK(change.argument == lafs::imaging::argument_of(op, level, true, negative));
    CHECK((change.filter == TransformFilter::bicubic) == cubic);
    CHECK(ours.bits() == by_hand.bits());
  }
}

TEST_CASE("rand_augment: a policy sets magnitude, noise, count and table") {
  const auto published = lafs::imaging::read_policy("rand-m1-mstd0.5-inc1"), plain = lafs::imaging::read_policy("rand");
  CHECK(published.magnitude == 1);
  CHECK(published.noise == 0.5);
  CHECK(published.count == 2);
  CHECK(published.increasing);
  CHECK(plain.magnitude == 10);
  CHECK(plain.noise == 0);
  CHECK_FALSE(plain.increasing);
  CHECK(lafs::imaging::read_policy("rand-n3-m2-inc0").increasing);  // quirk FT-23
  CHECK(lafs::imaging::read_policy("rand-n3-m2-inc0").count == 3);
}

TEST_CASE("rand_augment: every section of a policy that is wrong is named") {
  const auto refusal = [](const std::string& policy) { return error_of([&] { RandAugment{with_policy(policy)}; }); };
  CHECK(refusal("random-m11-q3-mstdx-n0-inc-w1-m2-m3-") ==
        "randaugment_policy = \"random-m11-q3-mstdx-n0-inc-w1-m2-m3-\": it must begin with \"rand\", not with \"random\"; "
        "\"m11\" needs a whole number in [0, 10] after m; \"q3\" is none of m, mstd, n and inc; \"mstdx\" is none of m, mstd, n and inc; "
        "\"n0\" needs a whole number in [1, 100] after n; \"inc\" needs 0 or 1 after inc; both mean on; "
        "\"w1\" weighs the operations, which lafs does not do; \"m2\" says m a second time; \"m3\" says m a second time; "
        "\"\" is none of m, mstd, n and inc");
  CHECK(refusal("rand-mstd11") == "randaugment_policy = \"rand-mstd11\": \"mstd11\" needs a number in [0, 10] after mstd");
  CHECK(refusal("rand-m1.5") == "randaugment_policy = \"rand-m1.5\": \"m1.5\" needs a whole number in [0, 10] after m");
}

TEST_CASE("rand_augment: a policy beside what it sets, and an operation named twice, are errors") {
  RandAugment::Options options = with_policy("rand-m1-mstd0.5-inc1");
  options.magnitude = 3;
  options.count = 4;
  CHECK(
      error_of([&] { RandAugment{options}; }) ==
      "randaugment_magnitude, randaugment_count and randaugment_policy = \"rand-m1-mstd0.5-inc1\" say the same thing twice; leave one out");
  options = RandAugment::Options();
  options.operations = {"invert", "rotate", "invert"};
  CHECK(error_of([&] { RandAugment{options}; }) == "randaugment_operations names \"invert\" 2 times; once is enough");
}
