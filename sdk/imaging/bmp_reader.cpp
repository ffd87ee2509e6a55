#include "imaging/bmp_reader.h"

#include <algorithm>
#include <bit>
#include <cstdlib>

#include <fmt/format.h>

#include "lafs/error.h"

namespace lafs::imaging {

namespace {

constexpr size_t file_header = 14, old_header = 12, plain_header = 40;

enum Packing : uint64_t { stored = 0, masks = 3, masks_with_alpha = 6 };

}  // namespace

/// A little-endian number of the file.
uint64_t BmpReader::number(size_t at, size_t bytes) const {
  if (at + bytes > bytes_.size()) throw Error("truncated BMP: the file ends in its header");
  uint64_t value = 0;
  for (size_t i = bytes; i-- > 0;) value = value << 8 | bytes_[at + i];
  return value;
}

BmpReader::BmpReader(std::span<const uint8_t> bytes) : bytes_(bytes) {
  const size_t header = number(file_header, 4);
  if (header == old_header) {
    width_ = static_cast<int64_t>(number(18, 2));
    height_ = static_cast<int64_t>(number(20, 2));
    bits_ = static_cast<int64_t>(number(24, 2));
    colour_bytes_ = 3;
    palette_ = file_header + header;
  } else if (header >= plain_header) {
    read_format(header);
  } else {
    throw Error(fmt::format("damaged BMP: a header of {} bytes is not known", header));
  }
  if (bits_ != 8 && bits_ != 24 && bits_ != 32)
    throw Error(fmt::format("is a BMP of {} bits a pixel, which is not read; convert it to PNG or JPEG", bits_));
  if (bits_ == 8 && colours_ == 0) colours_ = 256;
  pixels_ = number(10, 4);
  if (pixels_ == 0) pixels_ = palette_ + colours_ * colour_bytes_;
}

/// The header that Windows writes, and those that begin like it.
void BmpReader::read_format(size_t header) {
  width_ = static_cast<int32_t>(number(18, 4));
  height_ = static_cast<int32_t>(number(22, 4));
  upside_down_ = height_ >= 0;
  height_ = std::abs(height_);
  bits_ = static_cast<int64_t>(number(28, 2));
  const uint64_t packing = number(30, 4);
  colours_ = bits_ == 8 ? number(46, 4) : 0;
  if (colours_ > 256) throw Error(fmt::format("damaged BMP: a palette of {} colours", colours_));
  palette_ = file_header + header;
  const bool masked = packing == masks || packing == masks_with_alpha;
  if (packing != stored && !(masked && bits_ >= 24))
    throw Error(fmt::format("is a compressed BMP (kind {}), which is not read; convert it to PNG or JPEG", packing));
  if (masked) read_masks(file_header + plain_header);
}

/// Where red, green and blue are in a pixel, as masks of whole bytes say.
void BmpReader::read_masks(size_t at) {
  size_t* const places[] = {&red_, &green_, &blue_};
  for (size_t i = 0; i < 3; ++i) {
    const auto mask = static_cast<uint32_t>(number(at + 4 * i, 4));
    const int shift = std::countr_zero(mask);
    if (mask == 0 || shift % 8 != 0 || mask >> shift != 0xff || shift >= bits_)
      throw Error(
          fmt::format("is a BMP whose colours are not whole bytes (mask {:#010x}), which is not read; convert it to PNG or JPEG", mask));
    *places[i] = static_cast<size_t>(shift) / 8;
  }
}

void BmpReader::read_row(const uint8_t* from, uint8_t* to) const {
  const auto each = static_cast<size_t>(bits_ / 8);
  for (int64_t x = 0; x < width_; ++x, from += each, to += 3) {
    const uint8_t* pixel = from;
    if (bits_ == 8) {
      if (*from >= colours_) throw Error(fmt::format("damaged BMP: a pixel has colour {} of a palette of {}", *from, colours_));
      pixel = bytes_.data() + palette_ + *from * colour_bytes_;
    }
    to[0] = pixel[red_];
    to[1] = pixel[green_];
    to[2] = pixel[blue_];
  }
}

void BmpReader::read(std::span<uint8_t> rgb) const {
  if (palette_ + colours_ * colour_bytes_ > bytes_.size()) throw Error("truncated BMP: the file ends in its palette");
  const auto row = static_cast<size_t>((width_ * bits_ / 8 + 3) / 4 * 4);
  // The last row may lack the bytes that fill it up.
  const size_t needed = row * static_cast<size_t>(height_ - 1) + static_cast<size_t>(width_ * bits_ / 8);
  const size_t there = bytes_.size() - std::min(pixels_, bytes_.size());
  if (there < needed) throw Error(fmt::format("truncated BMP: {} bytes of pixels where {} are needed", there, needed));
  for (int64_t y = 0; y < height_; ++y) {
    const int64_t place = upside_down_ ? height_ - 1 - y : y;
    read_row(bytes_.data() + pixels_ + static_cast<size_t>(y) * row, rgb.data() + place * width_ * 3);
  }
}

}  // namespace lafs::imaging
