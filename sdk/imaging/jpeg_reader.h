#pragma once
#include <cstdint>
#include <memory>
#include <span>

namespace lafs::imaging {

/// A JPEG in memory, read as 8-bit RGB with the accurate DCT. What libjpeg warns of in the headers before the picture is passed over: every
/// pixel is there. A warning from the picture itself is an error, because the rest would be grey or shifted. [one thread at a time]
class JpegReader {
 public:
  explicit JpegReader(std::span<const uint8_t> bytes);  ///< reads the header; throws Error
  ~JpegReader();
  int64_t height() const;
  int64_t width() const;
  void read(std::span<uint8_t> rgb);  ///< height * width * 3 bytes; once; throws Error

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lafs::imaging
