#pragma once
#include <string>
#include <string_view>

namespace lafs::formats {

/// The characters of UTF-8 text as code points. A byte that belongs to no character becomes 0xDC00 + byte, which no character has.
/// [any thread]
std::u32string code_points(std::string_view text);

/// Whether every byte belongs to a character. [any thread]
bool is_utf8(std::string_view text);

/// With each letter taken apart into its base and its marks, marks in one order: texts that look alike and mean the same become equal
/// (Unicode's canonical decomposition; Latin, Greek, Cyrillic, Hangul, kana and all others of the first plane but CJK duplicates).
/// [any thread]
std::u32string decomposed(std::u32string_view text);

/// In small letters, as far as each letter has one. [any thread]
std::u32string in_small_letters(std::u32string_view text);

}  // namespace lafs::formats
