#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

namespace lafs::imaging {

/// An uncompressed BMP of 8, 24 or 32 bits a pixel in memory, read as RGB; a fourth byte is dropped. [one thread at a time]
class BmpReader {
 public:
  explicit BmpReader(std::span<const uint8_t> bytes);  ///< reads the header; throws Error
  int64_t height() const { return height_; }
  int64_t width() const { return width_; }
  void read(std::span<uint8_t> rgb) const;  ///< height * width * 3 bytes; throws Error

 private:
  uint64_t number(size_t at, size_t bytes) const;
  void read_format(size_t header);
  void read_masks(size_t at);
  void read_row(const uint8_t* from, uint8_t* to) const;

  std::span<const uint8_t> bytes_;
  int64_t height_ = 0, width_ = 0, bits_ = 0;
  bool upside_down_ = true;  ///< the last row comes first
  size_t pixels_ = 0;        ///< where they begin
  size_t palette_ = 0, colours_ = 0, colour_bytes_ = 4;
  size_t red_ = 2, green_ = 1, blue_ = 0;  ///< byte of a pixel
};

}  // namespace lafs::imaging
