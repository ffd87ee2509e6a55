#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "formats/face_bin.h"
#include "lafs/content_hashed.h"
#include "lafs/encoded_of.h"
#include "lafs/paired.h"
#include "materials.h"
#include "support/bytes.h"

using lafs::test::error_of;
using lafs::test::source;
using lafs::test::TempFolder;

namespace {

/// A grey picture whose columns rise by `step`.
std::string ramp(int width, int height, int step) {
  std::string bytes = "P5\n" + std::to_string(width) + " " + std::to_string(height) + "\n255\n";
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) bytes += static_cast<char>(step * x);
  return bytes;
}

void write(const std::string& file, const std::vector<std::string>& pictures, const std::vector<bool>& same) {
  std::vector<std::span<const std::byte>> bytes;
  for (const std::string& picture : pictures) bytes.push_back(std::as_bytes(std::span(picture)));
  lafs::formats::write_face_bin(file, bytes, same);
}

std::string toml(const std::string& file, const std::string& more = "size = 6\n") { return "file = \"" + file + "\"\n" + more; }

std::string opening(const std::string& text) {
  return error_of([&] { source("face_bin", text); });
}
std::string in_recipe(const std::string& text) { return "inline.toml:1:1: error: data_source \"face_bin\": " + text; }

}  // namespace

TEST_CASE("face_bin: pictures have numbers as keys, and people as far as the pairs tell") {
  const TempFolder folder("face_bin");
  write(folder / "x.bin", {ramp(6, 6, 1), ramp(6, 6, 2), ramp(6, 6, 3), ramp(6, 6, 4), ramp(6, 6, 5), ramp(6, 6, 6)}, {true, false, true});
  const auto data = source("face_bin", toml(folder / "x.bin"));
  REQUIRE(data->size() == 6);
  CHECK(data->identities() == 4);
  const int64_t people[] = {0, 0, 1, 2, 3, 3};
  for (int64_t i = 0; i < 6; ++i) {
    CHECK(data->key(i) == std::to_string(i));
    CHECK(data->identity(i) == people[i]);
    CHECK(data->get(i).image.bytes.get()[3] == i + 1);
  }
  CHECK(lafs::test::consistent(*data));
  CHECK(lafs::test::same_from_threads(*data, 8));
  for (const char* no : {"6", "-1", "01", "+1", "1 ", "", "x"}) CHECK(!data->find(no));
}

TEST_CASE("face_bin: the pairs are those of the file, and say nothing of people") {
  const TempFolder folder("face_bin_pairs");
  write(folder / "x.bin", {ramp(6, 6, 1), ramp(6, 6, 2), ramp(6, 6, 3), ramp(6, 6, 4)}, {false, true});
  const auto data = source("face_bin", toml(folder / "x.bin"));
  const auto* paired = dynamic_cast<const lafs::Paired*>(data.get());
  REQUIRE(paired);
  CHECK_FALSE(paired->knows_people());
  const auto pairs = paired->pairs();
  REQUIRE(pairs.size() == 2);
  CHECK(pairs[0].first == 0);
  CHECK(pairs[0].second == 1);
  CHECK_FALSE(pairs[0].same);
  CHECK(pairs[1].first == 2);
  CHECK(pairs[1].same);
}

TEST_CASE("face_bin: pictures of another width are resized, the shorter side to the size, and must then be square") {
  const TempFolder folder("face_bin_sizes");
  write(folder / "x.bin", {ramp(12, 12, 10), ramp(3, 3, 50), ramp(12, 13, 1), ramp(6, 8, 1), ramp(13, 12, 1), ramp(6, 6, 1)},
        {true, true, true});
  const auto data = source("face_bin", toml(folder / "x.bin"));
  const auto row_of = [&](int64_t index) {
    std::vector<int> row;
    const lafs::Image image = data->get(index).image;
    for (int x = 0; x < 6; ++x) row.push_back(image.row(3)[3 * x]);
    return row;
  };
  // Halving takes the four columns around 0.5, 2.5, ...: weights -0.09375, 0.59375 twice. Of a ramp that is its value between two columns,
  // but at the border, which is repeated: (-0.09375 * 0 + 0.59375 * (0 + 10) - 0.09375 * 20) = 4.06.
  CHECK(row_of(0) == std::vector<int>{4, 25, 45, 65, 85, 106});
  // Doubling takes columns at -0.25, 0.25, 0.75, 1.25, ...
  CHECK(row_of(1) == std::vector<int>{0, 10, 33, 67, 90, 105});
  const std::string name = "\"" + (folder / "x.bin") + "\": picture ";
  CHECK(data->get(2).image.height == 6);  // 6 * 13 div 12 is 6
  const std::string after = ", and not 6 by 6 when its shorter side is made 6; align the faces first";
  CHECK(error_of([&] { data->get(3); }) == name + "3 has 8 rows and 6 columns" + after);
  CHECK(data->get(4).image.width == 6);
  CHECK(data->get(5).image.row(0)[15] == 5);
  CHECK(lafs::encoded_of(*data) == nullptr);
}

TEST_CASE("face_bin: the bytes of pictures are handed out where none is resized") {
  const TempFolder folder("face_bin_bytes");
  const std::string picture = ramp(6, 6, 7);
  write(folder / "x.bin", {picture, picture}, {true});
  const auto data = source("face_bin", toml(folder / "x.bin"));
  const lafs::Encoded* encoded = lafs::encoded_of(*data);
  REQUIRE(encoded);
  CHECK(encoded->encoded(1) == std::vector<uint8_t>(picture.begin(), picture.end()));
  CHECK(error_of([&] { encoded->encoded(2); }) == "image 2 is outside [0, 2)");
}

TEST_CASE("face_bin: the fingerprint follows pictures, truth values and size, not the place") {
  const TempFolder folder("face_bin_print");
  const std::string a = ramp(6, 6, 1), b = ramp(6, 6, 2), wide = ramp(7, 6, 1);
  write(folder / "one.bin", {a, b}, {true});
  std::filesystem::create_directories(folder / "deep");
  write(folder / "deep/one.bin", {a, b}, {true});
  write(folder / "no.bin", {a, b}, {false});
  write(folder / "other.bin", {a, a}, {true});
  write(folder / "wide.bin", {a, wide}, {true});
  const auto print = [&](const std::string& file, const std::string& more = "size = 6\n") {
    return source("face_bin", toml(folder / file, more))->fingerprint();
  };
  const auto contents = [&](const std::string& file) {
    return lafs::content_fingerprint_of(*source("face_bin", toml(folder / file)), lafs::ContentRequest());
  };
  CHECK(print("one.bin") == print("deep/one.bin"));
  CHECK(print("one.bin") != print("no.bin"));
  CHECK(print("one.bin") != print("wide.bin"));
  CHECK(print("one.bin") != print("one.bin", "size = 7\n"));
  CHECK(contents("one.bin") == contents("deep/one.bin"));
  for (const char* other : {"no.bin", "other.bin", "wide.bin"}) CHECK(contents("one.bin") != contents(other));
}

TEST_CASE("face_bin: what cannot be used is named") {
  const TempFolder folder("face_bin_bad");
  folder.write("x.bin", "no pickle");
  CHECK(opening(toml(folder / "x.bin")) ==
        in_recipe("cannot read \"" + (folder / "x.bin") + "\": it is not a face .bin, a pickle of pictures and truth values"));
  folder.write("empty.bin", "]]\x86.");
  CHECK(opening(toml(folder / "empty.bin")) == in_recipe("\"" + (folder / "empty.bin") + "\" holds no pair"));
  CHECK(opening(toml(folder / "none.bin")) == in_recipe("cannot read \"" + (folder / "none.bin") + "\": No such file or directory"));
  write(folder / "bad.bin", {"GIF89a", ramp(6, 6, 1)}, {true});
  const auto data = source("face_bin", toml(folder / "bad.bin"));
  CHECK(error_of([&] { data->get(0); }).starts_with("\"" + (folder / "bad.bin") + "\": picture 0: "));
  CHECK(data->get(1).image.width == 6);
  CHECK(error_of([&] { lafs::formats::write_face_bin(folder / "y.bin", {}, {true}); }) ==
        "cannot write \"" + (folder / "y.bin") + "\": 1 pairs have 0 pictures");
  CHECK(error_of([&] { write(folder / "y.bin", {"", "a"}, {true}); }) ==
        "cannot write \"" + (folder / "y.bin") + "\": picture 0 has 0 bytes");
}
