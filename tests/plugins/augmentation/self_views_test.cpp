#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "imaging/decode.h"
#include "lafs/error.h"
#include "lafs/plain_views.h"
#include "runner/conformance/drawn.h"
#include "support/error_of.h"
#include "support/front_door.h"

namespace {

using lafs::PlainViews;
using Bytes = std::vector<uint8_t>;

const std::string colours_off = "jitter = 0.0\ngrey = 0.0\nglobal_blur = [0, 0]\nglobal_solarise = [0, 0]\nlocal_blur = 0.0\n";
const std::string whole = "flip = 0.0\nglobal_scale = [1, 1]\ncrop_ratio = [1, 1]\n";

std::shared_ptr<lafs::Augmentation> made(const std::string& plugin, const std::string& toml) {
  return lafs::test::make<lafs::Augmentation>(plugin, toml, lafs::InputContract());
}

PlainViews views(const lafs::Augmentation& augmentation, const lafs::Sample& sample, uint64_t key) {
  PlainViews out(augmentation.layout(), 0);
  lafs::Rng rng(key);
  augmentation.views(sample, rng, out);
  return out;
}

Bytes pixels(const lafs::Sample& sample) { return {sample.image.bytes.get(), sample.image.bytes.get() + sample.image.size()}; }

/// How often something holds of one slot, over as many keys, must be near the probability: five deviations of a binomial.
void check_rate(const lafs::Augmentation& augmentation, size_t slot, double probability,
                const std::function<bool(const PlainViews&)>& holds) {
  const lafs::Sample sample = lafs::conformance::drawn_sample(112, 112);
  const int trials = 600;
  int count = 0;
  for (uint64_t key = 0; key < trials; ++key) count += holds(views(augmentation, sample, key));
  CAPTURE(slot);
  CHECK(std::abs(count - trials * probability) <= 5 * std::sqrt(trials * probability * (1 - probability)));
}

/// The same for "the augmented view of this slot differs from the picture".
void check_change(const std::string& toml, size_t slot, double probability) {
  const Bytes before = pixels(lafs::conformance::drawn_sample(112, 112));
  check_rate(*made("lafs_views", whole + "local_views = 1\n" + toml), slot, probability,
             [&](const PlainViews& all) { return all.images[slot] != before; });
}

std::string with(const std::string& change) {
  std::string text = colours_off;
  const size_t at = text.find(change.substr(0, change.find(' ')) + " ");
  return text.erase(at, text.find('\n', at) - at + 1) + change + "\n";
}

std::string refusal(const std::string& plugin, const std::string& toml) {
  return lafs::test::error_of([&] { made(plugin, toml); });
}

}  // namespace

TEST_CASE("lafs_views: two global and eight local views of 112, each twice") {
  CHECK(made("lafs_views", "")->layout() == lafs::ViewLayout{{"global_clean", 2, 112, 112, false},
                                                             {"global", 2, 112, 112, false},
                                                             {"local_clean", 8, 112, 112, false},
                                                             {"local", 8, 112, 112, false}});
}

TEST_CASE("dino_views: two global views of 112 and eight local ones of 48") {
  CHECK(made("dino_views", "")->layout() == lafs::ViewLayout{{"global", 2, 112, 112, false}, {"local", 8, 48, 48, false}});
  CHECK(made("dino_views", "local_views = 0")->layout() == lafs::ViewLayout{{"global", 2, 112, 112, false}});
  CHECK(made("lafs_views", "local_views = 0")->layout() ==
        lafs::ViewLayout{{"global_clean", 2, 112, 112, false}, {"global", 2, 112, 112, false}});
}

TEST_CASE("lafs_views: view i of both versions is the same crop") {
  const auto pairs = made("lafs_views", colours_off + "local_views = 3");
  const PlainViews all = views(*pairs, lafs::conformance::drawn_sample(112, 112), 4);
  for (size_t v = 0; v < 2; ++v) CHECK(all.images[v] == all.images[2 + v]);
  for (size_t v = 0; v < 3; ++v) CHECK(all.images[4 + v] == all.images[7 + v]);
  CHECK(all.images[0] != all.images[1]);
  CHECK(all.images[4] != all.images[5]);
}

TEST_CASE("lafs_views: with everything off every view is the picture") {
  const lafs::Sample sample = lafs::conformance::drawn_sample(112, 112);
  for (const Bytes& view : views(*made("lafs_views", colours_off + whole), sample, 1).images) CHECK(view == pixels(sample));
}

TEST_CASE("lafs_views: the steps happen with the published probabilities") {
  check_change(with("jitter = 0.8"), 2, 0.8);
  check_change(with("jitter = 0.8"), 5, 0.8);
  check_change(with("grey = 0.2"), 3, 0.2);
  check_change(with("global_blur = [1.0, 0.1]") + "blur_radius = [1, 2]\n", 2, 1);
  check_change(with("global_blur = [1.0, 0.1]") + "blur_radius = [1, 2]\n", 3, 0.1);
  check_change(with("local_blur = 0.5") + "blur_radius = [1, 2]\n", 5, 0.5);
  check_change(with("global_solarise = [0.0, 0.2]"), 2, 0);
  check_change(with("global_solarise = [0.0, 0.2]"), 3, 0.2);
  check_change(colours_off, 2, 0);
}

TEST_CASE("lafs_views: half of the views are mirrored, both versions alike") {
  const Bytes before = pixels(lafs::conformance::drawn_sample(112, 112));
  const auto flips = made("lafs_views", colours_off + "local_views = 1\nglobal_scale = [1, 1]\ncrop_ratio = [1, 1]");
  check_rate(*flips, 0, 0.5, [&](const PlainViews& all) {
    CHECK(all.images[0] == all.images[2]);
    return all.images[0] != before;
  });
}

TEST_CASE("lafs_views: quirk P8 crops local views like global ones unless it is off") {
  // In a picture of one ramp a crop shows its size as the range of its bytes.
  std::vector<uint8_t> bytes;
  for (int i = 0; i < 112 * 112; ++i) bytes.insert(bytes.end(), 3, static_cast<uint8_t>(2 * (i % 112)));
  lafs::Sample ramp;
  ramp.image = lafs::imaging::image_of(112, 112, std::move(bytes));
  const auto mean_range = [&](const std::string& toml) {
    const auto all = made("lafs_views", colours_off + toml);
    double sum = 0;
    for (uint64_t key = 0; key < 20; ++key) {
      const PlainViews drawn = views(*all, ramp, key);
      for (size_t v = 4; v < 12; ++v) {
        const auto [low, high] = std::minmax_element(drawn.images[v].begin(), drawn.images[v].end());
        sum += (*high - *low) / 160.0 / 224;
      }
    }
    return sum;
  };
  CHECK(mean_range("") > 0.75);
  CHECK(mean_range("local_uses_global_scale = false") < 0.55);
}

TEST_CASE("self-supervision: a view depends on the key and its own number alone") {
  const lafs::Sample sample = lafs::conformance::drawn_sample(112, 112);
  const PlainViews few = views(*made("dino_views", "local_views = 2"), sample, 9), many = views(*made("dino_views", ""), sample, 9);
  for (size_t v = 0; v < 4; ++v) CHECK(few.images[v] == many.images[v]);
  const PlainViews other = views(*made("dino_views", ""), sample, 10);
  for (size_t v = 0; v < 10; ++v) CHECK(other.images[v] != many.images[v]);
}

TEST_CASE("self-supervision: ranges and lists that do not fit are refused") {
  for (const std::string plugin : {"lafs_views", "dino_views"}) {
    const std::string at = "inline.toml:1:1: error: augmentation \"" + plugin + "\": ";
    CHECK(refusal(plugin, "global_scale = [0.9, 0.4]") == at + "global_scale must be two numbers, the lower one first");
    CHECK(refusal(plugin, "local_scale = [0.4]") == at + "local_scale must be two numbers, the lower one first");
    CHECK(refusal(plugin, "crop_ratio = [2, 1]") == at + "crop_ratio must be two numbers, the lower one first");
    CHECK(refusal(plugin, "blur_radius = []") == at + "blur_radius must be two numbers, the lower one first");
    CHECK(refusal(plugin, "global_blur = [1]") == at + "global_blur has 1 numbers, not one for each of the 2 global views");
    CHECK(refusal(plugin, "global_views = 3\nglobal_blur = [1, 1, 1]") ==
          at + "global_solarise has 2 numbers, not one for each of the 3 global views");
  }
}
