#include "imaging/orientation.h"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include <doctest/doctest.h>

#include "imaging/encode.h"
#include "material.h"

namespace lafs::test {
namespace {

Bytes number(uint32_t value, size_t size, bool big) {
  Bytes out(size);
  for (size_t i = 0; i < size; ++i) out[big ? size - 1 - i : i] = static_cast<uint8_t>(value >> 8 * i);
  return out;
}

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Bytes text(const std::string& s) { return {s.begin(), s.end()}; }

/// EXIF data with `before` other tags in front of the orientation.
Bytes exif(uint32_t orientation, bool big, uint32_t before) {
  Bytes out = text(big ? "MM" : "II") + number(42, 2, big) + number(8, 4, big) + number(before + 1, 2, big);
  for (uint32_t i = 0; i < before; ++i) out = out + number(0x9000 + i, 2, big) + number(4, 2, big) + number(1, 4, big) + number(6, 4, big);
  return out + number(0x112, 2, big) + number(3, 2, big) + number(1, 4, big) + number(orientation, 2, big) + Bytes(6, 0);
}

Bytes inserted(const Bytes& file, size_t at, const Bytes& more) {
  Bytes out = file;
  out.insert(out.begin() + static_cast<std::ptrdiff_t>(at), more.begin(), more.end());
  return out;
}

Bytes jpeg_with(const Bytes& file, const Bytes& data) {
  const Bytes body = text("Exif") + Bytes(2, 0) + data;
  return inserted(file, 2, Bytes{0xff, 0xe1} + number(static_cast<uint32_t>(body.size()) + 2, 2, true) + body);
}

Bytes png_with(const Bytes& file, const Bytes& data) {
  // No reader of ours looks at the sum of this chunk.
  return inserted(file, 33, number(static_cast<uint32_t>(data.size()), 4, true) + text("eXIf") + data + Bytes(4, 0));
}

/// The simple form of a WebP made an extended one.
Bytes webp_with(const Bytes& file, const Bytes& data, uint32_t height, uint32_t width) {
  Bytes body(file.begin() + 12, file.end());
  body = text("WEBPVP8X") + number(10, 4, false) + number(8, 4, false) + number(width - 1, 3, false) + number(height - 1, 3, false) + body +
         text("EXIF") + number(static_cast<uint32_t>(data.size()), 4, false) + data + Bytes(data.size() % 2, 0);
  return text("RIFF") + number(static_cast<uint32_t>(body.size()), 4, false) + body;
}

/// Where the pixel of an upright picture lies in the stored one: the definition in EXIF's own words, row 0 and column 0.
std::pair<int64_t, int64_t> stored_at(int orientation, int64_t y, int64_t x, int64_t height, int64_t width) {
  switch (orientation) {
    case 2:
      return {y, width - 1 - x};  // row 0 top, column 0 right
    case 3:
      return {height - 1 - y, width - 1 - x};  // bottom, right
    case 4:
      return {height - 1 - y, x};  // bottom, left
    case 5:
      return {x, y};  // left, top
    case 6:
      return {height - 1 - x, y};  // right, top
    case 7:
      return {height - 1 - x, width - 1 - y};  // right, bottom
    case 8:
      return {x, width - 1 - y};  // left, bottom
    default:
      return {y, x};
  }
}

bool is_turned(const Image& upright, const Image& stored, int orientation) {
  const bool swap = orientation >= 5;
  if (upright.height != (swap ? stored.width : stored.height) || upright.width != (swap ? stored.height : stored.width)) return false;
  for (int64_t y = 0; y < upright.height; ++y) {
    for (int64_t x = 0; x < upright.width; ++x) {
      const auto [row, column] = stored_at(orientation, y, x, stored.height, stored.width);
      if (!std::equal(upright.row(y) + x * 3, upright.row(y) + x * 3 + 3, stored.row(row) + column * 3)) return false;
    }
  }
  return true;
}

}  // namespace

TEST_CASE("orientation: JPEG, PNG and WebP are read and turned alike, in both byte orders") {
  const Bytes jpeg = pictures().at("jpeg_0").file, webp = pictures().at("webp_lossless").file;
  const Image image = imaging::decode_image(webp);
  const Bytes png = imaging::encode_png(image);
  const auto height = static_cast<uint32_t>(image.height), width = static_cast<uint32_t>(image.width);
  const auto scratch = std::filesystem::temp_directory_path() / "lafs_orientation_test";
  size_t count = 0;
  for (uint32_t orientation = 0; orientation < 12; ++orientation) {
    for (const bool big : {false, true}) {
      for (const uint32_t before : {0u, 1u, 14u, 400u}) {
        const Bytes data = exif(orientation, big, before);
        const int expected = orientation >= 1 && orientation <= 8 ? static_cast<int>(orientation) : 1;
        for (const Bytes& file : {jpeg_with(jpeg, data), png_with(png, data), webp_with(webp, data, height, width)}) {
          CHECK(imaging::orientation_of(file) == expected);
          std::ofstream(scratch, std::ios::binary)
              .write(reinterpret_cast<const char*>(file.data()), static_cast<std::streamsize>(file.size()));
          CHECK(imaging::orientation_of(scratch) == expected);
          const Image stored = imaging::decode_image(file), upright = imaging::decode_image(file, imaging::Exif::apply);
          CHECK(stored.height == image.height);
          CHECK(is_turned(upright, stored, expected));
          ++count;
        }
      }
    }
  }
  std::filesystem::remove(scratch);
  CHECK(count == 288);
}

TEST_CASE("orientation: a picture without EXIF, or with part of it, is left as it is stored") {
  const Bytes jpeg = pictures().at("jpeg_0").file, whole = exif(6, true, 1);
  for (const auto& [name, picture] : pictures()) CHECK(imaging::orientation_of(picture.file) == 1);
  for (size_t size = 0; size + 10 < whole.size(); ++size) {
    const Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK(imaging::orientation_of(jpeg_with(jpeg, part)) == 1);
  }
  CHECK(imaging::orientation_of(Bytes()) == 1);
  CHECK(imaging::orientation_of(Bytes(5, 0xff)) == 1);
}

}  // namespace lafs::test
