#pragma once
#include <cstdint>
#include <memory>
#include <span>

namespace lafs::imaging {

/// The first picture of a TIFF in memory, read as 8-bit RGB without colour management, and turned as its orientation tag says: there it is
/// part of how pixels are stored. Grey and palettes of 1 to 8 bits, RGB of 8 or 16 bits (the upper 8), CMYK and YCbCr of 8 bits; channels
/// beyond these are dropped. [one thread at a time]
class TiffReader {
 public:
  explicit TiffReader(std::span<const uint8_t> bytes);  ///< reads the header; throws Error
  ~TiffReader();
  int64_t height() const;
  int64_t width() const;
  void read(std::span<uint8_t> rgb);  ///< height * width * 3 bytes; once; throws Error

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lafs::imaging
