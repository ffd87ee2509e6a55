#include "imaging/pnm_reader.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstring>

#include <fmt/format.h>

#include "lafs/error.h"

namespace lafs::imaging {

namespace {

// Numbers beyond this are as wrong as this one.
constexpr int64_t far_too_large = int64_t{1} << 28;

}  // namespace

PnmReader::PnmReader(std::span<const uint8_t> bytes) : bytes_(bytes), kind_(static_cast<char>(bytes[1])) {
  width_ = header_number();
  height_ = header_number();
  if (!bits()) {
    largest_ = header_number();
    if (largest_ < 1 || largest_ > 65535) throw Error(fmt::format("damaged {}: its maxval is {}, not in [1, 65535]", name(), largest_));
    if (largest_ > 255 && !colour())
      throw Error(fmt::format("is a PGM of 16-bit grey (maxval {}), which is not read; convert it to 8 bits", largest_));
  }
  ++at_;  // exactly one white space separates header and pixels
}

/// Passes over white space and comments.
void PnmReader::skip_blanks() {
  while (at_ < bytes_.size() && (std::isspace(bytes_[at_]) || bytes_[at_] == '#')) {
    if (bytes_[at_] == '#') {
      while (at_ < bytes_.size() && bytes_[at_] != '\n' && bytes_[at_] != '\r') ++at_;
    } else {
      ++at_;
    }
  }
}

int64_t PnmReader::header_number() {
  skip_blanks();
  int64_t value = 0;
  const size_t begin = at_;
  for (; at_ < bytes_.size() && std::isdigit(bytes_[at_]); ++at_)
    value = std::min<int64_t>(value * 10 + (bytes_[at_] - '0'), far_too_large);
  if (at_ == begin) throw Error(fmt::format("damaged {}: its header lacks a number", name()));
  return value;
}

/// The next number of an ASCII picture; -1 at the end. Those of a PBM are single digits, which need no space between them.
int64_t PnmReader::number_of_text() {
  skip_blanks();
  if (at_ >= bytes_.size()) return -1;
  const size_t begin = at_;
  int64_t value = 0;
  for (; at_ < bytes_.size() && std::isdigit(bytes_[at_]) && (at_ == begin || !bits()); ++at_)
    value = std::min<int64_t>(value * 10 + (bytes_[at_] - '0'), far_too_large);
  if (at_ == begin) throw Error(fmt::format("damaged {}: byte {} of the file is not a number", name(), at_));
  if (value > largest_) throw Error(fmt::format("damaged {}: a pixel is {}, but its header says at most {}", name(), value, largest_));
  return value;
}

/// As Python rounds: halves to the even number.
uint8_t PnmReader::scaled(int64_t value) const {
  const double share = static_cast<double>(value) / static_cast<double>(largest_);
  return static_cast<uint8_t>(std::min(255.0, std::nearbyint(share * 255.0)));
}

void PnmReader::need(int64_t there, int64_t needed, const char* what) const {
  if (there < needed) throw Error(fmt::format("truncated {}: {} {} where {} are needed", name(), there, what, needed));
}

void PnmReader::read_text(std::span<uint8_t> values) {
  for (size_t i = 0; i < values.size(); ++i) {
    const int64_t value = number_of_text();
    if (value < 0) need(static_cast<int64_t>(i), static_cast<int64_t>(values.size()), "pixel values");
    values[i] = bits() ? (value ? 0 : 255) : scaled(value);
  }
}

void PnmReader::read_bits(std::span<uint8_t> values) const {
  const int64_t row = (width_ + 7) / 8;
  const int64_t there = static_cast<int64_t>(bytes_.size() - std::min(at_, bytes_.size()));
  need(there, row * height_, "bytes of pixels");
  for (int64_t y = 0; y < height_; ++y) {
    const uint8_t* from = bytes_.data() + at_ + y * row;
    for (int64_t x = 0; x < width_; ++x) values[static_cast<size_t>(y * width_ + x)] = from[x / 8] >> (7 - x % 8) & 1 ? 0 : 255;
  }
}

void PnmReader::read_numbers(std::span<uint8_t> values) const {
  const size_t each = largest_ > 255 ? 2 : 1;
  const int64_t there = static_cast<int64_t>(bytes_.size() - std::min(at_, bytes_.size()));
  need(there, static_cast<int64_t>(values.size() * each), "bytes of pixels");
  const uint8_t* from = bytes_.data() + at_;
  if (largest_ == 255) {
    std::copy_n(from, values.size(), values.begin());
    return;
  }
  for (uint8_t& value : values) {
    value = scaled(each == 2 ? from[0] << 8 | from[1] : from[0]);
    from += each;
  }
}

void PnmReader::read(std::span<uint8_t> rgb) {
  // Grey is read into the first third, and spread from its end.
  const size_t count = colour() ? rgb.size() : rgb.size() / 3;
  const std::span<uint8_t> values = rgb.first(count);
  if (ascii()) {
    read_text(values);
  } else if (bits()) {
    read_bits(values);
  } else {
    read_numbers(values);
  }
  if (colour()) return;
  for (size_t i = count; i-- > 0;) std::memset(rgb.data() + i * 3, values[i], 3);
}

}  // namespace lafs::imaging
