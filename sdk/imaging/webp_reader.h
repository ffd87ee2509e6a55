#pragma once
#include <cstdint>
#include <span>

namespace lafs::imaging {

/// A WebP picture in memory, read as 8-bit RGB without its alpha. [one thread at a time]
class WebpReader {
 public:
  explicit WebpReader(std::span<const uint8_t> bytes);  ///< reads the header; throws Error
  int64_t height() const { return height_; }
  int64_t width() const { return width_; }
  void read(std::span<uint8_t> rgb) const;  ///< height * width * 3 bytes; throws Error

 private:
  std::span<const uint8_t> bytes_;
  int64_t height_ = 0, width_ = 0;
};

}  // namespace lafs::imaging
