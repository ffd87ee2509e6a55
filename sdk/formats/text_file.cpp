#include "formats/text_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include "formats/unicode_forms.h"
#include "lafs/error.h"

namespace lafs::formats {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view blanks = " \t\v\f\r", byte_order_mark = "\xef\xbb\xbf";
constexpr size_t part_bytes = size_t{1} << 20;

/// UTF-16 without a byte order mark: most text has a byte 0 in every second place.
bool looks_like_utf16(std::string_view bytes) {
  const std::string_view first = bytes.substr(0, 64);
  size_t zeros[2] = {0, 0};
  for (size_t i = 0; i < first.size(); ++i) zeros[i % 2] += first[i] == '\0' ? 1 : 0;
  return (zeros[0] == 0) != (zeros[1] == 0) && std::max(zeros[0], zeros[1]) * 4 >= first.size();
}

/// What a file is that is not text, from its first bytes; empty for text.
std::string other_than_text(std::string_view bytes) {
  const auto encoding = [](const char* name) {
    return fmt::format("is {0} text; save it as UTF-8, as \"iconv -f {0} -t UTF-8\" does", name);
  };
  if (bytes.starts_with("\xff\xfe\0\0"sv) || bytes.starts_with("\0\0\xfe\xff"sv)) return encoding("UTF-32");
  if (bytes.starts_with("\xff\xfe") || bytes.starts_with("\xfe\xff")) return encoding("UTF-16");
  if (bytes.starts_with("\x1f\x8b")) return "is compressed by gzip; unpack it";
  if (bytes.starts_with("PK\x03\x04")) return "is a ZIP archive, as spreadsheets are; save it as plain text";
  if (looks_like_utf16(bytes)) return encoding("UTF-16");
  if (bytes.find('\0') != std::string_view::npos) return "holds bytes 0, so it is not text";
  return "";
}

/// Where a line ends. A plain loop: `find_first_of` takes several times as long, and indices have millions of lines.
size_t line_end(std::string_view text, size_t from) {
  for (size_t i = from; i < text.size(); ++i)
    if (text[i] == '\n' || text[i] == '\r') return i;
  return std::string_view::npos;
}

}  // namespace

TextFile::TextFile(std::filesystem::path file) : file_(std::move(file)) {
  errno = 0;
  in_.open(file_, std::ios::binary);
  const int error = !in_.is_open() ? errno : std::filesystem::is_directory(file_) ? EISDIR : 0;
  if (error) throw Error(fmt::format("cannot read \"{}\": {}", file_.string(), std::strerror(error)));
}

void TextFile::fail(int64_t line, const std::string& reason) const {
  throw Error(reason).at(fmt::format("{}:{}", file_.string(), std::max<int64_t>(line, 1)));
}

/// Adds the next part of the file; false at its end.
bool TextFile::refill() {
  part_.erase(0, std::exchange(at_, 0));
  if (part_.size() > part_bytes) fail(number_ + 1, "the line is longer than a mebibyte, so this is not a list");
  const size_t kept = part_.size();
  part_.resize(kept + part_bytes);
  in_.read(part_.data() + kept, static_cast<std::streamsize>(part_bytes));
  part_.resize(kept + static_cast<size_t>(in_.gcount()));
  if (in_.bad()) throw Error(fmt::format("cannot read \"{}\": {}", file_.string(), std::strerror(errno)));
  if (const std::string what = other_than_text(begun_ ? "" : part_); !what.empty()) fail(1, fmt::format("the file {}", what));
  if (const size_t zero = part_.find('\0', kept); zero != std::string::npos) fail(number_ + 1, "the file holds bytes 0, so it is not text");
  if (!std::exchange(begun_, true) && part_.starts_with(byte_order_mark)) at_ = byte_order_mark.size();
  return part_.size() > kept;
}

bool TextFile::next_line() {
  size_t end = line_end(part_, at_);
  while (end == std::string::npos) {
    const size_t searched = part_.size() - at_;
    if (!refill()) break;
    end = line_end(part_, at_ + searched);
  }
  if (end == std::string::npos && at_ == part_.size()) return false;
  line_ = without_blanks(std::string_view(part_).substr(at_, end - at_));
  ++number_;
  at_ = std::min(end, part_.size() - 1) + 1;
  if (end == std::string::npos || part_[end] != '\r') return true;
  if (at_ == part_.size()) refill();  // for the "\n" that may follow
  if (at_ < part_.size() && part_[at_] == '\n') ++at_;
  return true;
}

bool TextFile::next() {
  while (next_line())
    if (!line_.empty()) return true;
  return false;
}

std::string plain_text(std::string_view bytes) {
  if (const std::string what = other_than_text(bytes.substr(0, part_bytes)); !what.empty()) throw Error(fmt::format("the file {}", what));
  if (bytes.starts_with(byte_order_mark)) bytes.remove_prefix(byte_order_mark.size());
  std::string text(bytes);
  for (size_t i = text.find('\r'); i != std::string::npos; i = text.find('\r', i + 1))
    if (i + 1 == text.size() || text[i + 1] != '\n') text[i] = '\n';
  return text;
}

std::string_view without_blanks(std::string_view text) {
  const size_t first = text.find_first_not_of(blanks);
  return first == std::string_view::npos ? std::string_view() : text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::vector<std::string> fields_of(std::string_view line) {
  const bool tabbed = line.find('\t') != std::string_view::npos;
  std::vector<std::string> fields;
  while (!line.empty()) {
    const size_t end = std::min(line.find_first_of(tabbed ? "\t" : " "), line.size());
    if (const auto field = without_blanks(line.substr(0, end)); !field.empty()) fields.emplace_back(field);
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return fields;
}

std::optional<int64_t> count_of(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.starts_with('-')) return std::nullopt;
  return value;
}

std::optional<int64_t> label_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  if (const size_t point = text.find('.'); point != std::string_view::npos && point > 0) {
    if (text.find_first_not_of('0', point + 1) != std::string_view::npos) return std::nullopt;
    text = text.substr(0, point);
  }
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string shown(std::string_view text) {
  constexpr size_t most = 200;
  std::string out;
  for (size_t i = 0; i < text.size() && out.size() < most;) {
    // A character is at most four bytes long: the shortest beginning that is one.
    size_t length = 1;
    while (length < 4 && !is_utf8(text.substr(i, length))) ++length;
    const std::string_view one = text.substr(i, length);
    const bool control = static_cast<unsigned char>(one[0]) < 0x20 || one[0] == 0x7F || (one[0] == '\xc2' && one < "\xc2\xa0");
    if (one == "\t") {
      out += "\\t";
    } else if (!control && is_utf8(one)) {
      out += one;
    } else {
      length = 1;
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(one[0]));
    }
    i += length;
    if (out.size() >= most && i < text.size()) out += "...";
  }
  return out;
}

}  // namespace lafs::formats
