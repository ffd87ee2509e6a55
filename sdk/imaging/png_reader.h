#pragma once
#include <cstdint>
#include <memory>
#include <span>

namespace lafs::imaging {

/// A PNG in memory, read as 8-bit RGB without gamma or colour management: the stored numbers. [one thread at a time]
class PngReader {
 public:
  explicit PngReader(std::span<const uint8_t> bytes);  ///< reads the header; throws Error
  ~PngReader();
  int64_t height() const;
  int64_t width() const;
  void read(std::span<uint8_t> rgb);  ///< height * width * 3 bytes; once; throws Error

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lafs::imaging
