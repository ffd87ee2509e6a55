#pragma once
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lafs::formats {

/// A text file that people wrote, line by line: every list, index and property file is read through it. Lines end in "\n", "\r\n" or
/// "\r"; a byte order mark, blanks around a line, empty lines and a missing last line end are ignored. Memory: one part of the file.
/// What is not UTF-8 text throws Error that says what it is: UTF-16, UTF-32, gzip, ZIP, or bytes 0. Names may still hold bytes of another
/// encoding, for a file system takes them. [one thread at a time]
class TextFile {
 public:
  /// Throws Error `cannot read "FILE": REASON`.
  explicit TextFile(std::filesystem::path file);

  /// Goes to the next line that is not empty; false at the end.
  bool next();
  const std::string& line() const { return line_; }  ///< without blanks around it
  int64_t number() const { return number_; }         ///< from 1; empty lines count
  const std::filesystem::path& path() const { return file_; }

  /// Throws Error "FILE:LINE: error: REASON" for the line that `next` went to, or for another.
  [[noreturn]] void fail(const std::string& reason) const { fail(number_, reason); }
  [[noreturn]] void fail(int64_t line, const std::string& reason) const;

 private:
  bool refill();
  bool next_line();

  std::filesystem::path file_;
  std::ifstream in_;
  std::string part_, line_;
  size_t at_ = 0;
  int64_t number_ = 0;
  bool begun_ = false;
};

/// The text of a whole file that was read into memory, as a parser wants it: without a byte order mark, and with "\n" for a "\r" that ends
/// a line alone. Throws Error without a place for what `TextFile` refuses.
std::string plain_text(std::string_view bytes);

/// Text without blanks around it.
std::string_view without_blanks(std::string_view text);

/// The fields of a line: between tabs where it has one, else between blanks. No field has blanks around it, and none is empty.
std::vector<std::string> fields_of(std::string_view line);

/// A whole number from 0 in digits alone, as counts, keys and headings are.
std::optional<int64_t> count_of(std::string_view text);

/// A label that is a whole number, also written as a real one: "7", "-1", "7.000000".
std::optional<int64_t> label_number(std::string_view text);

/// For the inside of quotes in an error: control characters and bytes of no character as "\x1b", and a long text cut.
std::string shown(std::string_view text);

}  // namespace lafs::formats
