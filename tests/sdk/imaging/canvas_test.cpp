#include "imaging/canvas.h"

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "imaging/decode.h"
#include "lafs/rng.h"
#include "pillow_oracle.h"
#include "support/vector_units.h"

namespace {

using lafs::imaging::Canvas;
using lafs::test::on_every_unit;
using lafs::test::Rgb;

/// The 32-bit hash of models.md 16, step 2.
uint32_t hashed(const std::string& key, uint32_t index) {
  uint32_t h = 0x811c9dc5u;
  for (const char c : key) h = (h ^ static_cast<unsigned char>(c)) * 0x01000193u;
  h += index;
  h = (h ^ (h >> 16)) * 0x7feb352du;
  h = (h ^ (h >> 15)) * 0x846ca68bu;
  return h ^ (h >> 16);
}

/// The test image of pretraining.md B.4.
lafs::Image test_image() {
  std::vector<uint8_t> bytes;
  for (uint32_t y = 0; y < 112; ++y) {
    for (uint32_t x = 0; x < 112; ++x) {
      for (uint32_t c = 0; c < 3; ++c) {
        const uint32_t block = hashed("img", (14 * (y / 8) + x / 8) * 3 + c) >> 24, noise = hashed("noise", (112 * y + x) * 3 + c) >> 26;
        bytes.push_back(static_cast<uint8_t>(3 * block / 4 + noise));
      }
    }
  }
  return lafs::imaging::image_of(112, 112, std::move(bytes));
}

Rgb random_picture(int64_t height, int64_t width, uint64_t key) {
  lafs::Rng rng(key);
  Rgb out{height, width, std::vector<uint8_t>(static_cast<size_t>(height * width * 3))};
  for (uint8_t& v : out.bytes) v = static_cast<uint8_t>(rng.bits() >> 24);
  return out;
}

lafs::Image image_of(const Rgb& picture) { return lafs::imaging::image_of(picture.height, picture.width, picture.bytes); }

std::vector<uint8_t> bytes_of(const Canvas& canvas) {
  std::vector<uint8_t> out(static_cast<size_t>(canvas.height() * canvas.width() * 3));
  canvas.store(out);
  return out;
}

/// An operation gives the oracle's bytes for sizes that do and do not fill vectors.
void agree(const std::function<void(Canvas&)>& ours, const std::function<Rgb(Rgb)>& oracle) {
  for (const auto& [height, width] : std::vector<std::pair<int64_t, int64_t>>{{112, 112}, {48, 48}, {37, 21}, {5, 70}, {1, 1}, {2, 3}}) {
    CAPTURE(height);
    CAPTURE(width);
    const Rgb picture = random_picture(height, width, 11), expected = oracle(picture);
    on_every_unit([&] {
      Canvas canvas;
      canvas.load(image_of(picture));
      ours(canvas);
      CHECK(bytes_of(canvas) == expected.bytes);
    });
  }
}

template <typename Change>
std::function<Rgb(Rgb)> each_pixel(Change change) {
  return [change](Rgb picture) {
    for (size_t i = 0; i < picture.bytes.size(); i += 3) change(&picture.bytes[i]);
    return picture;
  };
}

/// Numbers recorded with Pillow: the first bytes of the result, those of a pixel inside, and the sum of all.
struct Row {
  std::string name;
  std::function<void(Canvas&)> work;
  std::array<int, 9> first;
  std::array<int, 3> probe;
  int64_t sum;
};

void check_row(const Row& row, const lafs::Image& image) {
  CAPTURE(row.name);
  Canvas canvas;
  canvas.load(image);
  row.work(canvas);
  const std::vector<uint8_t> bytes = bytes_of(canvas);
  for (size_t i = 0; i < 9; ++i) CHECK(bytes[i] == row.first[i]);
  const size_t probe = canvas.height() == 112 ? (56 * 112 + 60) * 3 : (20 * 48 + 30) * 3;
  for (size_t i = 0; i < 3; ++i) CHECK(bytes[probe + i] == row.probe[i]);
  int64_t sum = 0;
  for (const uint8_t v : bytes) sum += v;
  CHECK(sum == row.sum);
}

}  // namespace

TEST_CASE("canvas: the rows of annex B.4 are reproduced") {
  const lafs::Image image = test_image();
  const auto crop = [&](lafs::imaging::Box box, int64_t size) {
    return [&image, box, size](Canvas& c) { c.crop_resize(image, box, lafs::imaging::ResampleFilter::cubic, size, size); };
  };
  const std::vector<Row> rows{
      {"source", [](Canvas&) {}, {148, 169, 123, 175, 214, 136, 174, 171, 93}, {127, 121, 122}, 4777331},
      {"crop 112", crop({10, 7, 80, 95}, 112), {80, 154, 36, 133, 180, 186, 139, 201, 186}, {116, 114, 73}, 4837530},
      {"crop to 48", crop({30, 41, 37, 33}, 48), {46, 110, 141, 40, 129, 153, 51, 131, 168}, {56, 191, 88}, 808751},
      {"shrunk to 48", crop({10, 7, 80, 95}, 48), {113, 184, 136, 130, 203, 195, 132, 189, 202}, {208, 67, 180}, 888934},
      {"flip", [](Canvas& c) { c.mirror(); }, {146, 69, 85, 125, 65, 81, 117, 47, 67}, {188, 193, 85}, 4777331},
      {"brightness", [](Canvas& c) { c.brightness(1.3); }, {192, 219, 159, 227, 255, 176, 226, 222, 120}, {165, 157, 158}, 6063865},
      {"contrast", [](Canvas& c) { c.contrast(0.7); }, {141, 156, 124, 160, 187, 133, 159, 157, 103}, {127, 122, 123}, 4760981},
      {"saturation", [](Canvas& c) { c.saturation(1.15); }, {146, 170, 117, 172, 217, 127, 175, 172, 82}, {127, 120, 121}, 4759110},
      {"hue +0.07", [](Canvas& c) { c.hue(0.07); }, {131, 169, 123, 146, 214, 137, 147, 174, 93}, {127, 122, 121}, 4805654},
      {"hue -0.07", [](Canvas& c) { c.hue(-0.07); }, {167, 169, 123, 208, 214, 137, 174, 137, 93}, {127, 121, 125}, 4763350},
      {"grey", [](Canvas& c) { c.grey(); }, {157, 157, 157, 193, 193, 193, 163, 163, 163}, {123, 123, 123}, 4780377},
      {"blur 0.1", [](Canvas& c) { c.blur(0.1); }, {148, 169, 123, 175, 214, 136, 174, 171, 93}, {127, 121, 122}, 4777331},
      {"blur 0.7", [](Canvas& c) { c.blur(0.7); }, {150, 178, 121, 162, 198, 119, 164, 189, 107}, {111, 101, 124}, 4777178},
      {"blur 1", [](Canvas& c) { c.blur(1); }, {148, 182, 116, 154, 191, 112, 156, 195, 111}, {106, 96, 124}, 4758683},
      {"blur 2", [](Canvas& c) { c.blur(2); }, {148, 188, 112, 149, 190, 111, 150, 193, 111}, {104, 98, 123}, 4777366},
      {"solarise", [](Canvas& c) { c.solarise(); }, {107, 86, 123, 80, 41, 119, 81, 84, 93}, {127, 121, 122}, 2967048},
  };
  for (const Row& row : rows) check_row(row, image);
}

TEST_CASE("canvas: a Gaussian's three boxes have the radii of annex A.6") {
  for (const auto& [radius, box] :
       std::vector<std::pair<float, double>>{{0.1f, 0.0016722}, {0.5f, 0.0454545}, {1, 0.25}, {1.5f, 1.0384616}, {2, 1.375}}) {
    CHECK(lafs::imaging::gaussian_box_radius(radius) == doctest::Approx(box).epsilon(2e-5));
  }
  CHECK(lafs::imaging::gaussian_box_radius(0) == 0);
}

TEST_CASE("canvas: crops at another size equal the rule byte for byte on every kind of vectors") {
  const std::vector<std::pair<lafs::imaging::Box, std::array<int64_t, 2>>> cases{{{3, 5, 40, 61}, {112, 112}}, {{0, 0, 70, 90}, {48, 48}},
                                                                                 {{9, 1, 48, 30}, {48, 48}},   {{2, 2, 30, 48}, {48, 48}},
                                                                                 {{0, 0, 1, 1}, {17, 5}},      {{10, 20, 60, 66}, {9, 33}}};
  const Rgb picture = random_picture(70, 90, 3);
  for (const auto& [box, size] : cases) {
    Rgb part{box.height, box.width, {}};
    for (int64_t y = 0; y < box.height; ++y) {
      const auto from = picture.bytes.begin() + ((box.top + y) * 90 + box.left) * 3;
      part.bytes.insert(part.bytes.end(), from, from + box.width * 3);
    }
    const Rgb expected = lafs::test::bicubic(part, size[0], size[1]);
    on_every_unit([&] {
      Canvas canvas;
      canvas.crop_resize(image_of(picture), box, lafs::imaging::ResampleFilter::cubic, size[0], size[1]);
      CHECK(bytes_of(canvas) == expected.bytes);
      Canvas mirrored;
      mirrored.crop_resize(image_of(picture), box, lafs::imaging::ResampleFilter::cubic, size[0], size[1], true);
      canvas.mirror();
      CHECK(bytes_of(mirrored) == bytes_of(canvas));
    });
  }
}

TEST_CASE("canvas: blends equal the rule byte for byte on every kind of vectors") {
  for (const double factor : {0.6, 0.93, 1.0, 1.4}) {
    const auto f = static_cast<float>(factor);
    agree([&](Canvas& c) { c.brightness(factor); }, each_pixel([&](uint8_t* p) {
            for (int c = 0; c < 3; ++c) p[c] = lafs::test::blend(0, f, p[c]);
          }));
    agree([&](Canvas& c) { c.saturation(factor); }, each_pixel([&](uint8_t* p) {
            const auto grey = static_cast<float>(lafs::test::luma(p));
            for (int c = 0; c < 3; ++c) p[c] = lafs::test::blend(grey, f, p[c]);
          }));
    agree([&](Canvas& c) { c.contrast(factor); },
          [&](Rgb picture) {
            double sum = 0;
            for (size_t i = 0; i < picture.bytes.size(); i += 3) sum += static_cast<double>(lafs::test::luma(&picture.bytes[i]));
            const auto mean = static_cast<float>(std::floor(sum / static_cast<double>(picture.bytes.size() / 3) + 0.5));
            for (uint8_t& v : picture.bytes) v = lafs::test::blend(mean, f, v);
            return picture;
          });
  }
}

TEST_CASE("canvas: grey and solarising equal the rule byte for byte on every kind of vectors") {
  agree([](Canvas& c) { c.grey(); }, each_pixel([](uint8_t* p) { p[0] = p[1] = p[2] = static_cast<uint8_t>(lafs::test::luma(p)); }));
  for (const int threshold : {0, 1, 128, 255, 256}) {
    agree([&](Canvas& c) { c.solarise(threshold); }, each_pixel([&](uint8_t* p) {
            for (int c = 0; c < 3; ++c) p[c] = static_cast<uint8_t>(p[c] >= threshold ? 255 - p[c] : p[c]);
          }));
  }
}

TEST_CASE("canvas: a blur equals the rule byte for byte on every kind of vectors") {
  for (const double radius : {0.0, 0.1, 0.7, 1.49, 2.0, 5.3}) {
    agree([&](Canvas& c) { c.blur(radius); },
          [&](Rgb picture) {
            const float box = lafs::imaging::gaussian_box_radius(static_cast<float>(radius));
            for (const bool down : {false, true}) {
              for (int pass = 0; pass < 3; ++pass) picture = lafs::test::box(picture, box, down);
            }
            return picture;
          });
  }
}

TEST_CASE("canvas: the hue of a quarter of a million colours equals the rule on every kind of vectors") {
  Rgb colours{512, 512, {}};
  for (uint32_t i = 0; i < 512 * 512; ++i) {
    const uint32_t colour = (i * 64 + i / 1024 % 64 + 5 * (i % 7)) & 0xffffff;  // all of red and green, and blue in between
    for (const int shift : {16, 8, 0}) colours.bytes.push_back(static_cast<uint8_t>(colour >> shift));
  }
  for (const double shift : {0.0, 0.1, -0.1, 0.5, -0.0035}) {
    Rgb expected = colours;
    for (size_t i = 0; i < expected.bytes.size(); i += 3) lafs::test::turn_hue(&expected.bytes[i], shift);
    on_every_unit([&] {
      Canvas canvas;
      canvas.load(image_of(colours));
      canvas.hue(shift);
      CHECK((bytes_of(canvas) == expected.bytes));
    });
  }
}

TEST_CASE("canvas: what was worked on before leaves no trace") {
  const Rgb large = random_picture(150, 130, 1), small = random_picture(50, 40, 2);
  const auto work = [](Canvas& canvas, const Rgb& picture) {
    canvas.crop_resize(image_of(picture), {1, 2, 40, 30}, lafs::imaging::ResampleFilter::cubic, 45, 37);
    canvas.contrast(1.2);
    canvas.blur(1.2);
    return bytes_of(canvas);
  };
  Canvas used, fresh;
  work(used, large);
  used.load(image_of(large));
  CHECK(work(used, small) == work(fresh, small));
}
