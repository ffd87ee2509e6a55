#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "imaging/align.h"
#include "imaging/decode.h"
#include "imaging/encode.h"
#include "support/bytes.h"
#include "support/error_of.h"
#include "support/skip.h"
#include "support/vectors.h"

// Five-point alignment (evaluation.md 1.3): matrices to 1e-9, warped bytes exactly.
TEST_SUITE("vectors_alignment") {
  namespace {  // suites of several files share a name of doctest's making
  using namespace lafs;
  using nlohmann::json;

  bool ready() {
    if (!std::filesystem::exists(test::vectors_folder() / "alignment.json")) {
      test::skip("golden.vectors_alignment: alignment.json is absent");
      return false;
    }
    test::runs();
    return true;
  }

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

  TEST_CASE("vectors_alignment: the target points are the template's") {
    if (!ready()) return;
    CHECK(points_of(test::read_vectors("alignment.json").at("target_points")) == imaging::face_template("arcface").points);
  }

  TEST_CASE("vectors_alignment: similarities, their inverses, and where the points come to") {
    if (!ready()) return;
    const json vectors = test::read_vectors("alignment.json");
    const imaging::FivePoints to = points_of(vectors.at("target_points"));
    REQUIRE(!vectors.at("sets").empty());
    for (const json& set : vectors.at("sets")) {
      CAPTURE(set.at("name").get<std::string>());
      const imaging::FivePoints from = points_of(set.at("points"));
      const imaging::Affine found = imaging::similarity(from, to);
      check_affine(found, set.at("matrix_2x3"));
      check_affine(imaging::inverse(found), set.at("inverse_2x3"));
      CHECK(std::abs(std::hypot(found.m[0], found.m[3]) - set.at("scale").get<double>()) <= 1e-9);
      CHECK(std::abs(std::atan2(found.m[3], found.m[0]) * 180 / M_PI - set.at("rotation_degrees").get<double>()) <= 1e-7);
      REQUIRE(set.at("mapped").size() == from.size());
      for (size_t i = 0; i < from.size(); ++i) {
        CHECK(std::abs(found.x(from[i].x, from[i].y) - set.at("mapped")[i][0].get<double>()) <= 1e-9);
        CHECK(std::abs(found.y(from[i].x, from[i].y) - set.at("mapped")[i][1].get<double>()) <= 1e-9);
      }
    }
    const imaging::FivePoints degenerate = points_of(vectors.at("degenerate").at("points"));
    CHECK(test::error_of([&] { imaging::similarity(degenerate, to); }) == "all five landmarks are the same point");
  }

  TEST_CASE("vectors_alignment: a small picture, byte for byte") {
    if (!ready()) return;
    const json vectors = test::read_vectors("alignment.json"), &warp = vectors.at("warp_small");
    const auto bytes_of = [](const json& rows) {
      std::vector<uint8_t> bytes;
      for (const json& row : rows)
        for (const json& pixel : row)
          for (const json& value : pixel) bytes.push_back(value);
      return bytes;
    };
    const json& source = warp.at("source");
    const Image from = imaging::image_of(static_cast<int64_t>(source.size()), static_cast<int64_t>(source[0].size()), bytes_of(source));
    const std::vector<uint8_t> golden = bytes_of(warp.at("output"));
    const Image ours = imaging::warp(from, affine_of(warp.at("matrix")), warp.at("height"), warp.at("width"));
    check_bytes(ours, {golden.begin(), golden.end()});
  }

  TEST_CASE("vectors_alignment: a whole picture, byte for byte") {
    if (!ready()) return;
    const json vectors = test::read_vectors("alignment.json"), &warp = vectors.at("warp_full");
    const auto raw = [](const json& entry) {
      const std::string bytes = test::read_bytes(test::vector_file(std::filesystem::path(entry.at("file").get<std::string>()).filename()));
      CHECK(bytes.size() == entry.at("bytes").get<size_t>());
      return bytes;
    };
    const std::string source = raw(warp.at("source_raw")), golden = raw(warp.at("output_raw"));
    const Image from = imaging::image_of(warp.at("source_height"), warp.at("source_width"), {source.begin(), source.end()});
    REQUIRE(from.size() == static_cast<int64_t>(source.size()));
    const imaging::FaceTemplate to = imaging::face_template("arcface");
    const Image ours = imaging::warp(from, affine_of(warp.at("matrix")), to.height, to.width);
    check_bytes(ours, golden);
    int64_t sum = 0;
    for (int64_t i = 0; i < ours.size(); ++i) sum += ours.bytes.get()[i];
    CHECK(sum == warp.at("output_sum").get<int64_t>());
  }
  }  // namespace
}
