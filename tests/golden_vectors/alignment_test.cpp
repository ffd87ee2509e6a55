#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "imaging/align.h"
#include "imaging/decode.h"
#include "support/bytes.h"
#include "support/error_of.h"
#include "support/vector_record.h"

using namespace lafs;
using nlohmann::json;

// Five-point alignment: matrices to 1e-9, warped bytes exactly.
namespace {

imaging::FivePoints points_of(const json& list) {
  REQUIRE(list.size() == 5);
  imaging::FivePoints points;
  for (size_t i = 0; i < points.size(); ++i) points[i] = {list[i][0].get<float>(), list[i][1].get<float>()};
  return points;
}

imaging::Affine affine_of(const json& rows) {
  imaging::Affine out;
  for (size_t i = 0; i < 6; ++i) out.m[i] = rows[i / 3][i % 3];
  return out;
}

void check_affine(const imaging::Affine& ours, const json& golden) {
  for (size_t i = 0; i < 6; ++i) CHECK(std::abs(ours.m[i] - golden[i / 3][i % 3].get<double>()) <= 1e-9);
}

void check_bytes(const Image& ours, const std::string& golden) {
  CHECK(std::string(reinterpret_cast<const char*>(ours.bytes.get()), static_cast<size_t>(ours.size())) == golden);
}

/// The recorded source pictures are those of the rule, where it is this one.
void check_rule(const json& vectors, const Image& picture) {
  const std::string rule =
      "width w, height h, channel 0 = (5x+3y) mod 256; channel 1 = trunc(128+100 sin(x/9) cos(y/7)); channel 2 = 30 + 180*((x/8+y/8) mod "
      "2) "
      "with integer division";
  if (vectors.at("picture_rule") != rule) return;
  for (int64_t y = 0; y < picture.height; ++y) {
    for (int64_t x = 0; x < picture.width; ++x) {
      const uint8_t* pixel = picture.row(y) + 3 * x;
      CHECK(pixel[0] == (5 * x + 3 * y) % 256);
      CHECK(pixel[1] == static_cast<int>(128 + 100 * std::sin(static_cast<double>(x) / 9) * std::cos(static_cast<double>(y) / 7)));
      CHECK(pixel[2] == 30 + 180 * ((x / 8 + y / 8) % 2));
    }
  }
}

std::vector<uint8_t> bytes_of(const json& rows) {
  std::vector<uint8_t> bytes;
  for (const json& row : rows)
    for (const json& pixel : row)
      for (const json& value : pixel) bytes.push_back(value);
  return bytes;
}

}  // namespace

TEST_SUITE("vectors_alignment") {
  TEST_CASE("the target points are the template's") {
    CHECK(points_of(test::read_vectors("alignment.json").at("target_points")) == imaging::face_template("arcface").points);
  }

  TEST_CASE("similarities, their inverses, and where the points come to") {
    const json vectors = test::read_vectors("alignment.json");
    const imaging::FivePoints to = points_of(vectors.at("target_points"));
    REQUIRE(!vectors.at("sets").empty());
    for (const json& set : vectors.at("sets")) {
      CAPTURE(set.at("name").get<std::string>());
      const imaging::FivePoints from = points_of(set.at("points"));
      const imaging::Affine found = imaging::similarity(from, to);
      check_affine(found, set.at("matrix_2x3"));
      if (!set.at("inverse_2x3").is_null()) check_affine(imaging::inverse(found), set.at("inverse_2x3"));
      CHECK(std::abs(std::hypot(found.m[0], found.m[3]) - set.at("scale").get<double>()) <= 1e-9);
      CHECK(std::abs(std::atan2(found.m[3], found.m[0]) * 180 / M_PI - set.at("rotation_degrees").get<double>()) <= 1e-7);
      REQUIRE(set.at("mapped").size() == from.size());
      for (size_t i = 0; i < from.size(); ++i) {
        CHECK(std::abs(found.x(from[i].x, from[i].y) - set.at("mapped")[i][0].get<double>()) <= 1e-9);
        CHECK(std::abs(found.y(from[i].x, from[i].y) - set.at("mapped")[i][1].get<double>()) <= 1e-9);
      }
    }
  }

  TEST_CASE("points that are all one have no similarity") {
    const json vectors = test::read_vectors("alignment.json");
    const imaging::FivePoints points = points_of(vectors.at("degenerate").at("points"));
    CHECK(test::error_of([&] { imaging::similarity(points, imaging::face_template("arcface").points); }) ==
          "all five landmarks are the same point");
  }

  TEST_CASE("a small picture is warped to the recorded bytes") {
    const json vectors = test::read_vectors("alignment.json"), &warp = vectors.at("warp_small"), &source = warp.at("source");
    const Image from = imaging::image_of(static_cast<int64_t>(source.size()), static_cast<int64_t>(source[0].size()), bytes_of(source));
    check_rule(vectors, from);
    const std::vector<uint8_t> golden = bytes_of(warp.at("output"));
    const Image ours = imaging::warp(from, affine_of(warp.at("matrix")), warp.at("height"), warp.at("width"));
    check_bytes(ours, {golden.begin(), golden.end()});
  }

  TEST_CASE("a whole picture is warped to the recorded bytes") {
    const json vectors = test::read_vectors("alignment.json"), &warp = vectors.at("warp_full");
    const std::string source = test::read_bytes(test::recorded_file(warp.at("source_raw")));
    const std::string golden = test::read_bytes(test::recorded_file(warp.at("output_raw")));
    CHECK(warp.at("channels_interleaved") == true);
    const Image from = imaging::image_of(warp.at("source_height"), warp.at("source_width"), {source.begin(), source.end()});
    REQUIRE(from.size() == static_cast<int64_t>(source.size()));
    check_rule(vectors, from);
    const imaging::FaceTemplate to = imaging::face_template("arcface");
    const Image ours = imaging::warp(from, affine_of(warp.at("matrix")), to.height, to.width);
    check_bytes(ours, golden);
    int64_t sum = 0;
    for (int64_t i = 0; i < ours.size(); ++i) sum += ours.bytes.get()[i];
    CHECK(sum == warp.at("output_sum").get<int64_t>());
  }
}
