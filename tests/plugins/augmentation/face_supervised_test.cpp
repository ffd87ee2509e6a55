#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "buffer.h"
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
