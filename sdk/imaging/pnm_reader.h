#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

namespace lafs::imaging {

/// A PBM, PGM or PPM in memory (P1 to P6), read as 8-bit RGB: numbers are scaled from its own largest to 255. 16-bit grey is refused,
/// because Pillow, whose pixels are wanted, cuts it off at 255. [one thread at a time]
class PnmReader {
 public:
  explicit PnmReader(std::span<const uint8_t> bytes);  ///< reads the header; throws Error
  int64_t height() const { return height_; }
  int64_t width() const { return width_; }
  void read(std::span<uint8_t> rgb);  ///< height * width * 3 bytes; once; throws Error

 private:
  bool ascii() const { return kind_ < '4'; }
  bool bits() const { return kind_ == '1' || kind_ == '4'; }
  bool colour() const { return kind_ == '3' || kind_ == '6'; }
  const char* name() const { return bits() ? "PBM" : colour() ? "PPM" : "PGM"; }
  void skip_blanks();
  int64_t header_number();
  int64_t number_of_text();
  uint8_t scaled(int64_t value) const;
  void need(int64_t there, int64_t needed, const char* what) const;
  void read_text(std::span<uint8_t> values);
  void read_bits(std::span<uint8_t> values) const;
  void read_numbers(std::span<uint8_t> values) const;

  std::span<const uint8_t> bytes_;
  char kind_;
  size_t at_ = 2;  ///< what comes next
  int64_t height_ = 0, width_ = 0, largest_ = 1;
};

}  // namespace lafs::imaging
