#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "buffer.h"
#include "imaging/canvas.h"
#include "imaging/degrade.h"
#include "imaging/rand_augment.h"
#include "imaging/tensor_ops.h"
#include "lafs/error.h"
#include "support/error_of.h"

using lafs::test::augmentation;
using lafs::test::gradient;
using lafs::test::view;

namespace {

const std::string off = "flip = 0.0\ncrop = false\njitter = false\nerasing = 0.0\n";

std::string with(const std::string& change) {
  std::string text = off;
  const std::string key = change.substr(0, change.find(' '));
  const size_t at = text.find(key + " ");
  return text.erase(at, text.find('\n', at) - at + 1) + change + "\n";
}

int64_t black(const std::vector<uint8_t>& bytes) {
  int64_t count = 0;
  for (size_t i = 0; i + 2 < bytes.size(); i += 3) count += bytes[i] == 0 && bytes[i + 1] == 0 && bytes[i + 2] == 0;
  return count;
}

std::vector<uint8_t> pixels(const lafs::Sample& sample) {
  return {sample.image.bytes.get(), sample.image.bytes.get() + sample.image.size()};
}

std::string refusal(const std::string& toml) {
  return lafs::test::error_of([&] { augmentation("face_supervised", toml); });
}

}  // namespace

TEST_CASE("face_supervised: equal keys give equal views, other keys others") {
  const auto all = augmentation("face_supervised", "");
  CHECK(all->layout() == lafs::ViewLayout{{"image", 1, 112, 112, false}});
  const lafs::Sample sample = gradient(112, 112);
  std::set<std::vector<uint8_t>> seen;
  for (uint64_t key = 0; key < 20; ++key) {
    const auto first = view(*all, sample, key), second = view(*all, sample, key);
    CHECK(first.bytes == second.bytes);
    seen.insert(first.bytes);
  }
  CHECK(seen.size() == 20);
}

TEST_CASE("face_supervised: with everything off the picture is untouched") {
  const lafs::Sample sample = gradient(112, 112);
  CHECK(view(*augmentation("face_supervised", off), sample, 3).bytes == pixels(sample));
}

TEST_CASE("face_supervised: a flip mirrors the columns, half of the time") {
  const lafs::Sample sample = gradient(112, 112);
  std::vector<uint8_t> mirrored = pixels(sample);
  lafs::imaging::mirror(mirrored, 112);
  CHECK(view(*augmentation("face_supervised", with("flip = 1.0")), sample, 3).bytes == mirrored);
  const auto half = augmentation("face_supervised", with("flip = 0.5"));
  int flipped = 0;
  for (uint64_t key = 0; key < 1000; ++key) flipped += view(*half, sample, key).bytes == mirrored;
  CHECK(flipped > 440);
  CHECK(flipped < 560);
}

TEST_CASE("face_supervised: the crop falls back to the whole picture in about 9 of 100") {
  const lafs::Sample sample = gradient(112, 112);
  const auto crop = augmentation("face_supervised", with("crop = true"));
  int whole = 0;
  for (uint64_t key = 0; key < 2000; ++key) whole += view(*crop, sample, key).bytes == pixels(sample);
  CHECK(whole > 140);
  CHECK(whole < 240);
}

TEST_CASE("face_supervised: erasing blackens 2 to 10 of 100 pixels, half of the time") {
  const lafs::Sample sample = gradient(112, 112);
  const auto erasing = augmentation("face_supervised", with("erasing = 0.5"));
  int erased = 0;
  int64_t least = 112 * 112, most = 0;
  for (uint64_t key = 0; key < 1000; ++key) {
    const int64_t count = black(view(*erasing, sample, key).bytes);
    if (count == 0) continue;
    ++erased;
    least = std::min(least, count);
    most = std::max(most, count);
  }
  CHECK(erased > 440);
  CHECK(erased < 560);
  CHECK(least > 230);
  CHECK(most < 1290);
}

TEST_CASE("face_supervised: jitter of one kind is the transform of that kind") {
  const lafs::Sample sample = gradient(112, 112);
  const auto still =
      augmentation("face_supervised", with("jitter = true") + "brightness = 0.0\ncontrast = 0.0\nsaturation = 0.0\nhue = 0.0\n");
  const std::vector<uint8_t> before = pixels(sample), after = view(*still, sample, 5).bytes;
  int most = 0;
  for (size_t i = 0; i < before.size(); ++i) most = std::max(most, std::abs(before[i] - after[i]));
  CHECK(most <= 1);
  const auto strong = augmentation("face_supervised", with("jitter = true"));
  CHECK(view(*strong, sample, 5).bytes != before);
}

TEST_CASE("face_supervised: a picture of another size comes out at the contract's") {
  CHECK(view(*augmentation("face_supervised", ""), gradient(60, 100), 1).bytes.size() == 112 * 112 * 3);
}

TEST_CASE("face_supervised: a range needs two numbers in order") {
  CHECK(refusal("crop_scale = [0.9]") ==
        "inline.toml:1:1: error: augmentation \"face_supervised\": crop_scale must be two numbers, the lower one first");
  CHECK(refusal("erasing_ratio = [2.0, 1.0]") ==
        "inline.toml:1:1: error: augmentation \"face_supervised\": erasing_ratio must be two numbers, the lower one first");
}

namespace {

const std::string front = "inline.toml:1:1: error: augmentation \"face_supervised\": ";

/// Pixels that are not the picture's.
int64_t pixels_changed(const std::vector<uint8_t>& before, const std::vector<uint8_t>& after) {
  int64_t count = 0;
  for (size_t i = 0; i < before.size(); i += 3) count += !std::equal(before.begin() + i, before.begin() + i + 3, after.begin() + i);
  return count;
}

}  // namespace

TEST_CASE("face_supervised: with all else off, RandAugment is what sdk/imaging draws and applies") {
  const lafs::Sample sample = gradient(112, 112);
  const auto augment = augmentation("face_supervised", off + "randaugment = true\nrandaugment_policy = \"rand-m2-mstd0.5-inc1\"\n");
  lafs::imaging::RandAugment::Options options;
  options.magnitude = 2;
  const lafs::imaging::RandAugment by_hand(options);
  int64_t untouched = 0;
  for (uint64_t key = 0; key < 200; ++key) {
    lafs::Rng rng(key);
    lafs::imaging::Canvas canvas;
    canvas.load(sample.image);
    const auto changes = by_hand.draw(rng);
    for (const auto& change : changes) lafs::imaging::apply(canvas, change.op, change.argument, change.filter);
    std::vector<uint8_t> expected(112 * 112 * 3);
    canvas.store(expected);
    CHECK(view(*augment, sample, key).bytes == expected);
    untouched += changes.empty();
  }
  CHECK(untouched > 25);
  CHECK(untouched < 80);
}

TEST_CASE("face_supervised: degradations come after the flip and before RandAugment, RandAugment before the crop") {
  const lafs::Sample sample = gradient(112, 112);
  const auto chain = augmentation(
      "face_supervised",
      "flip = 1.0\ncrop = false\njitter = false\nerasing = 0.0\nlow_light = 1.0\nlow_light_gamma = [2, 2]\nlow_light_noise = [0, 0]\n"
      "randaugment = true\nrandaugment_operations = [\"invert\"]\nrandaugment_probability = 1.0\nrandaugment_count = 1\n");
  std::vector<uint8_t> expected = pixels(sample);
  lafs::imaging::mirror(expected, 112);
  lafs::Rng unused(1);
  lafs::imaging::low_light(expected, 2, 0, unused);
  for (uint8_t& v : expected) v = static_cast<uint8_t>(255 - v);
  CHECK(view(*chain, sample, 5).bytes == expected);
  // Grey that came in from outside is cropped and enlarged with the rest: the crop is later.
  const auto crops =
      augmentation("face_supervised",
                   "flip = 0.0\njitter = false\nerasing = 0.0\ncrop_scale = [0.25, 0.25]\ncrop_ratio = [1, 1]\nrandaugment = "
                   "true\nrandaugment_operations = [\"translate_x\"]\nrandaugment_probability = 1.0\nrandaugment_count = 1\n"
                   "randaugment_magnitude = 10\nrandaugment_noise = 0.0\n");
  int64_t most = 0;
  for (uint64_t key = 0; key < 30; ++key) {
    const std::vector<uint8_t> bytes = view(*crops, sample, key).bytes;
    int64_t grey = 0;
    for (size_t i = 0; i < bytes.size(); i += 3) grey += bytes[i] == 128 && bytes[i + 1] == 128 && bytes[i + 2] == 128;
    most = std::max(most, grey);
  }
  CHECK(most > 112 * 112 / 2);
}

TEST_CASE("face_supervised: the rates of the crop are those of finetuning.md 3.3") {
  const lafs::Sample sample = gradient(112, 112);
  const auto crop = augmentation("face_supervised", with("crop = true"));
  constexpr int64_t pictures = 20000;
  int64_t whole = 0;
  for (uint64_t key = 0; key < pictures; ++key) whole += view(*crop, sample, key).bytes == pixels(sample);
  // 9.3 % fall back after ten tries, each accepted with probability 0.21: 0.79^10 is 9.5 %, and the shares differ by the area drawn.
  CHECK(std::abs(static_cast<double>(whole) - 0.093 * pictures) < 5 * std::sqrt(0.093 * 0.907 * pictures) + 0.001 * pictures);
}

TEST_CASE("face_supervised: ratios that fit the area never leave the picture whole") {
  const lafs::Sample sample = gradient(112, 112);
  const auto crop = augmentation("face_supervised", with("crop = true") + "crop_scale = [0.5, 0.95]\ncrop_ratio_rule = \"fitting\"\n");
  for (uint64_t key = 0; key < 500; ++key) CHECK(view(*crop, sample, key).bytes != pixels(sample));
}

TEST_CASE("face_supervised: the flip alone is a preset") {
  const lafs::Sample sample = gradient(112, 112);
  const auto preset = augmentation("face_supervised", "preset = \"flip_only\"\n"),
             by_hand = augmentation("face_supervised", with("flip = 0.5"));
  for (uint64_t key = 0; key < 50; ++key) CHECK(view(*preset, sample, key).bytes == view(*by_hand, sample, key).bytes);
}

TEST_CASE("face_supervised: erased rectangles hold a value, a colour or noise, as normal as the scaling makes them") {
  const lafs::Sample sample = gradient(112, 112);
  const std::vector<uint8_t> before = pixels(sample);
  const std::string always = with("erasing = 1.0") + "erasing_scale = [0.1, 0.1]\n";
  const auto white = augmentation("face_supervised", always + "erasing_value = 255\n");
  const auto colour = augmentation("face_supervised", always + "erasing_mode = \"colour\"\n");
  const auto noise = augmentation("face_supervised", always + "erasing_mode = \"pixel\"\n");
  double sum = 0, count = 0;
  for (uint64_t key = 0; key < 40; ++key) {
    std::set<std::vector<uint8_t>> whites, colours, noises;
    const auto collect = [&](const lafs::Augmentation& augmentation, std::set<std::vector<uint8_t>>& values) {
      const std::vector<uint8_t> bytes = view(augmentation, sample, key).bytes;
      for (size_t i = 0; i < bytes.size(); i += 3) {
        if (std::equal(before.begin() + i, before.begin() + i + 3, bytes.begin() + i)) continue;
        values.insert({bytes[i], bytes[i + 1], bytes[i + 2]});
        if (&augmentation != noise.get()) continue;
        for (size_t c = 0; c < 3; ++c) sum += bytes[i + c];
        count += 3;
      }
    };
    collect(*white, whites);
    collect(*colour, colours);
    collect(*noise, noises);
    CHECK(whites == std::set<std::vector<uint8_t>>{{255, 255, 255}});
    CHECK(colours.size() == 1);
    CHECK(noises.size() > 500);
  }
  CHECK(std::abs(sum / count - 127.5) < 1.5);
}

TEST_CASE("face_supervised: several rectangles share the area") {
  const lafs::Sample sample = gradient(112, 112);
  const auto three = augmentation("face_supervised", with("erasing = 1.0") + "erasing_scale = [0.1, 0.1]\nerasing_count = [3, 3]\n");
  int64_t most = 0;
  for (uint64_t key = 0; key < 200; ++key) most = std::max(most, pixels_changed(pixels(sample), view(*three, sample, key).bytes));
  CHECK(most > 1100);
  CHECK(most < 1420);
  const auto some = augmentation("face_supervised", with("erasing = 1.0") + "erasing_scale = [0.1, 0.1]\nerasing_count = [1, 5]\n");
  std::set<std::vector<uint8_t>> seen;
  for (uint64_t key = 0; key < 20; ++key) seen.insert(view(*some, sample, key).bytes);
  CHECK(seen.size() == 20);
}

TEST_CASE("face_supervised: options that nothing uses are errors") {
  CHECK(refusal("randaugment_magnitude = 2") == front + "randaugment_magnitude has no effect without randaugment = true; leave it out");
  CHECK(refusal("randaugment_policy = \"rand-m1\"\nrandaugment_operations = [\"invert\"]") ==
        front + "randaugment_policy, randaugment_operations have no effect without randaugment = true; leave them out");
  CHECK(refusal("crop = false\ncrop_scale = [0.5, 1.0]\ncrop_ratio_rule = \"fitting\"") ==
        front + "crop_scale, crop_ratio_rule have no effect without crop = true; leave them out");
  CHECK(refusal("jitter = false\nhue = 0.2") == front + "hue has no effect without jitter = true; leave it out");
  CHECK(refusal("erasing = 0\nerasing_mode = \"pixel\"") == front + "erasing_mode has no effect without erasing above 0; leave it out");
  CHECK(refusal("erasing_mode = \"pixel\"\nerasing_value = 7") ==
        front + "erasing_value has no effect without erasing_mode = \"constant\"; leave it out");
  CHECK(refusal("jpeg_quality = [10, 20]") == front + "jpeg_quality has no effect without jpeg above 0; leave it out");
  CHECK(refusal("preset = \"flip_only\"\nrandaugment = true\nerasing = 0.2") ==
        front + "randaugment, erasing have no effect with preset = \"flip_only\"; leave them out");
  CHECK(refusal("preset = \"flip_only\"\ncrop_scale = [0.5, 1.0]") == front + "crop_scale has no effect without crop = true; leave it out");
}

TEST_CASE("face_supervised: a magnitude beyond 10 and an operation that is none are errors at their place") {
  CHECK(refusal("randaugment = true\nrandaugment_magnitude = 11") ==
        "inline.toml:2:25: error: randaugment_magnitude = 11 is outside [0, 10] (mean level of an operation)");
  CHECK(refusal("randaugment = true\nrandaugment_operations = [\"solarise\"]") ==
        "inline.toml:2:27: error: randaugment_operations[0] = \"solarise\" is not a choice; one of \"auto_contrast\", \"equalise\", "
        "\"invert\", \"rotate\", \"posterise\", \"colour\", \"contrast\", \"brightness\", \"sharpness\", \"shear_x\", \"shear_y\", "
        "\"translate_x\", \"translate_y\"");
  CHECK(refusal("randaugment = true\nrandaugment_policy = \"rand-q1\"") ==
        front + "randaugment_policy = \"rand-q1\": \"q1\" is none of m, mstd, n and inc");
}
