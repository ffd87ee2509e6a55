#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "formats/mapped_file.h"

namespace lafs::formats {

/// Consecutive lines of a text, whole ones. Lines end in "\n" or "\r\n"; blanks at their ends are ignored, and so are empty lines.
struct LinePart {
  std::string_view text;
  int64_t first_line = 1;  ///< number of its first line, from 1; empty lines count
};

/// Goes through the lines of a part that are not empty.
class LineWalk {
 public:
  explicit LineWalk(const LinePart& part) : rest_(part.text), next_(part.first_line) {}
  bool next();                                     ///< false at the end
  std::string_view line() const { return line_; }  ///< without blanks at its ends
  int64_t number() const { return next_ - 1; }     ///< from 1

 private:
  std::string_view rest_, line_;
  int64_t next_;
};

/// A long list of lines in a file that is mapped, for parsers that take a part a thread and allocate nothing a line. A byte order mark at
/// the start is dropped. `text_file.h` reads lists of ordinary length.
///
///     const MappedLines lines("pairs.txt");
///     std::vector<int64_t> rows(lines.parts().size());
///     for_blocks(0, std::ssize(rows), 1, threads, [&](int64_t p, int64_t) { rows[p] = parse(lines.parts()[p]); });
class MappedLines {
 public:
  /// Throws Error naming the file: it cannot be read, it is not text, or it has no line.
  explicit MappedLines(const std::filesystem::path& file);

  const std::vector<LinePart>& parts() const { return parts_; }  ///< about a mebibyte each, in order
  int64_t lines() const { return lines_; }                       ///< at most this many are not empty

  /// Throws Error `FILE:LINE: error: REASON`.
  [[noreturn]] void fail(int64_t line, const std::string& reason) const;

 private:
  std::filesystem::path file_;
  MappedFile map_;
  std::vector<LinePart> parts_;
  int64_t lines_ = 0;
};

/// The next field of a line: from a character that is not a blank up to the next blank; empty at the end. Takes it off the line.
std::string_view next_field(std::string_view& line);

/// Moves rows that were written from `first_line - 1` of each part on, `rows[p]` of part p, together: empty lines leave gaps.
template <typename T>
void close_gaps(std::vector<T>& values, const std::vector<LinePart>& parts, const std::vector<int64_t>& rows) {
  size_t end = 0;
  for (size_t p = 0; p < parts.size(); ++p) {
    const auto from = static_cast<size_t>(parts[p].first_line - 1), count = static_cast<size_t>(rows[p]);
    for (size_t i = 0; end != from && i < count; ++i) values[end + i] = std::move(values[from + i]);
    end += count;
  }
  values.resize(end);
}

}  // namespace lafs::formats
