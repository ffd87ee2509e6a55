#include "formats/mapped_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "formats/text_file.h"
#include "lafs/error.h"
#include "lafs/parallel.h"

namespace lafs::formats {
namespace {

constexpr size_t mapped_part_bytes = size_t{1} << 20;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f'; }

/// Cuts a text after line ends, into parts of about a mebibyte.
std::vector<LinePart> cut(std::string_view text) {
  std::vector<LinePart> parts;
  while (!text.empty()) {
    size_t end = std::min(mapped_part_bytes, text.size());
    if (end < text.size()) end = std::min(text.find('\n', end - 1), text.size() - 1) + 1;
    parts.push_back({text.substr(0, end), 0});
    text.remove_prefix(end);
  }
  return parts;
}

/// Line ends of a part, and whether one of its bytes is 0. The last line of a file need not end.
std::pair<int64_t, bool> look_over(std::string_view text) {
  const int64_t ends = std::count(text.begin(), text.end(), '\n');
  const bool zero = std::memchr(text.data(), 0, text.size()) != nullptr;
  return {ends + (text.ends_with('\n') ? 0 : 1), zero};
}

}  // namespace

bool LineWalk::next() {
  while (!rest_.empty()) {
    const size_t end = std::min(rest_.find('\n'), rest_.size());
    line_ = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    ++next_;
    while (!line_.empty() && is_blank(line_.back())) line_.remove_suffix(1);
    while (!line_.empty() && is_blank(line_.front())) line_.remove_prefix(1);
    if (!line_.empty()) return true;
  }
  return false;
}

MappedLines::MappedLines(const std::filesystem::path& file) : file_(file), map_(file) {
  const auto bytes = map_.bytes();
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  try {
    plain_text(text.substr(0, 4096));  // says what a file is that is not text
  } catch (const Error& error) {
    fail(1, error.what());
  }
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  parts_ = cut(text);
  std::vector<std::pair<int64_t, bool>> seen(parts_.size());
  for_blocks(0, std::ssize(parts_), 1, hardware_threads(),
             [&](int64_t p, int64_t) { seen[static_cast<size_t>(p)] = look_over(parts_[static_cast<size_t>(p)].text); });
  for (size_t p = 0; p < parts_.size(); ++p) {
    parts_[p].first_line = lines_ + 1;
    if (seen[p].second) fail(lines_ + 1, "the file holds bytes 0 from here on, so it is not text");
    lines_ += seen[p].first;
  }
  if (!std::any_of(parts_.begin(), parts_.end(), [](const LinePart& part) { return LineWalk(part).next(); })) fail(1, "the list is empty");
}

void MappedLines::fail(int64_t line, const std::string& reason) const {
  throw Error(reason).at(fmt::format("{}:{}", file_.string(), std::max<int64_t>(line, 1)));
}

std::string_view next_field(std::string_view& line) {
  size_t first = 0;
  while (first < line.size() && is_blank(line[first])) ++first;
  size_t end = first;
  while (end < line.size() && !is_blank(line[end])) ++end;
  const std::string_view field = line.substr(first, end - first);
  line.remove_prefix(end);
  return field;
}

}  // namespace lafs::formats
