#include "imaging/orientation.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "imaging/decode.h"
#include "imaging/turn.h"

namespace lafs::imaging {

namespace {

using Bytes = std::span<const uint8_t>;
/// Nothing where the bytes end before the answer.
using Answer = std::optional<int>;

bool has(Bytes bytes, size_t at, std::string_view wanted) {
  return at + wanted.size() <= bytes.size() && std::equal(wanted.begin(), wanted.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at),
                                                          [](char a, uint8_t b) { return static_cast<uint8_t>(a) == b; });
}

uint32_t number(Bytes bytes, size_t at, size_t size, bool big) {
  uint32_t value = 0;
  for (size_t i = 0; i < size; ++i) value = value << 8 | bytes[at + (big ? i : size - 1 - i)];
  return value;
}

/// The orientation in EXIF data: a TIFF header and a list of tags, perhaps after "Exif\0\0". They may be cut off.
Answer of_exif(Bytes exif) {
  if (has(exif, 0, "Exif")) exif = exif.subspan(std::min<size_t>(6, exif.size()));
  if (exif.size() < 8) return std::nullopt;
  const bool big = exif[0] == 'M';
  const size_t list = number(exif, 4, 4, big);
  if (list + 2 > exif.size()) return std::nullopt;
  const size_t tags = number(exif, list, 2, big);
  for (size_t i = 0; i < tags; ++i) {
    const size_t tag = list + 2 + i * 12;
    if (tag + 12 > exif.size()) return std::nullopt;
    constexpr uint32_t orientation = 0x112, short_number = 3;
    if (number(exif, tag, 2, big) != orientation) continue;
    const size_t size = number(exif, tag + 2, 2, big) == short_number ? 2 : 4;
    const uint32_t value = number(exif, tag + 8, size, big);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

Answer of_jpeg(Bytes bytes) {
  for (size_t at = 2; at + 4 <= bytes.size();) {
    if (bytes[at] != 0xff || bytes[at + 1] == 0xff || bytes[at + 1] == 0) {
      ++at;  // bytes between segments
      continue;
    }
    const uint8_t marker = bytes[at + 1];
    constexpr uint8_t start_of_scan = 0xda, end = 0xd9, app1 = 0xe1;
    if (marker == start_of_scan || marker == end) return 1;
    const size_t length = std::max<size_t>(2, number(bytes, at + 2, 2, true));
    if (marker == app1 && has(bytes, at + 4, std::string_view("Exif\0", 5)))
      return of_exif(bytes.subspan(at + 4, std::min(length - 2, bytes.size() - at - 4)));
    at += 2 + length;
  }
  return std::nullopt;
}

Answer of_png(Bytes bytes) {
  for (size_t at = 8; at + 8 <= bytes.size();) {
    const size_t length = number(bytes, at, 4, true);
    if (has(bytes, at + 4, "IDAT")) return 1;
    if (has(bytes, at + 4, "eXIf")) return of_exif(bytes.subspan(at + 8, std::min(length, bytes.size() - at - 8)));
    at += 12 + length;
  }
  return std::nullopt;
}

Answer of_webp(Bytes bytes) {
  constexpr uint8_t exif_is_there = 8;
  if (!has(bytes, 12, "VP8X") || (bytes.size() > 20 && !(bytes[20] & exif_is_there))) return 1;
  for (size_t at = 12; at + 8 <= bytes.size();) {
    const size_t length = number(bytes, at + 4, 4, false);
    if (has(bytes, at, "EXIF")) return of_exif(bytes.subspan(at + 8, std::min(length, bytes.size() - at - 8)));
    at += 8 + length + length % 2;
  }
  return std::nullopt;
}

Answer answer(Bytes bytes) {
  if (has(bytes, 0, "\xff\xd8\xff")) return of_jpeg(bytes);
  if (has(bytes, 0, "\x89PNG\r\n\x1a\n")) return of_png(bytes);
  if (has(bytes, 0, "RIFF") && has(bytes, 8, "WEBP")) return of_webp(bytes);
  return 1;
}

}  // namespace

int orientation_of(std::span<const uint8_t> bytes) { return answer(bytes).value_or(1); }

int orientation_of(const std::filesystem::path& file) {
  std::vector<uint8_t> head(4096);
  std::ifstream in(file, std::ios::binary);
  in.read(reinterpret_cast<char*>(head.data()), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<size_t>(in.gcount()));
  const Answer at_once = answer(head);
  return at_once && !head.empty() ? *at_once : orientation_of(read_bytes(file));
}

Image turned(const Image& image, int orientation) {
  if (orientation == 1) return image;
  std::vector<uint8_t> pixels(static_cast<size_t>(image.size()));
  turn(image.bytes.get(), image.height, image.width, orientation, pixels.data());
  const bool swap = sides_swap(orientation);
  return image_of(swap ? image.width : image.height, swap ? image.height : image.width, std::move(pixels));
}

}  // namespace lafs::imaging
