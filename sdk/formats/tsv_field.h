#pragma once
#include <string>
#include <string_view>

namespace lafs::formats {

/// A text as it stands in a column: a key with a tab or a new line in it, as the name of a file may have, keeps to its place.
inline std::string tsv_field(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const size_t place = std::string_view("\\\t\n\r").find(c);
    if (place != std::string_view::npos) out += '\\';
    out += place != std::string_view::npos ? "\\tnr"[place] : c;
  }
  return out;
}

}  // namespace lafs::formats
