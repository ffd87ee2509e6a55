#pragma once
#include <array>
#include <cstdint>

namespace lafs {

/// A letter of five columns at most: nine rows of bits, the leftmost column being bit 4; the last two rows lie below the line.
struct Glyph {
  int64_t width = 0;  ///< columns, [1, 5]
  std::array<uint8_t, 9> rows{};
};

/// The letter of a printable ASCII character; any other byte is shown as "?".
const Glyph& glyph_of(char character);

}  // namespace lafs
