#pragma once
#include <algorithm>
#include <string>
#include <string_view>

namespace lafs {

/// Columns on a terminal: bytes that do not continue a UTF-8 character.
inline size_t text_width(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

/// With spaces in front, so that the text ends in column `width`; as it is where it is wider.
inline std::string padded_left(const std::string& text, size_t width) {
  return std::string(width - std::min(width, text_width(text)), ' ') + text;
}

/// With spaces behind.
inline std::string padded_right(const std::string& text, size_t width) {
  return text + std::string(width - std::min(width, text_width(text)), ' ');
}

}  // namespace lafs
