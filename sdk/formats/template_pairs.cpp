#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <string_view>

#include "formats/mapped_lines.h"
#include "formats/template_lists.h"
#include "formats/text_file.h"
#include "lafs/error.h"
#include "lafs/parallel.h"

namespace lafs::formats {
namespace {

/// The number that up to eight digits at `at` make, and how many there are: all in one word, without a branch on each. 0: more than seven.
int64_t word_of_digits(const char* at, int64_t& value) {
  uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  if constexpr (std::endian::native == std::endian::big) return 0;
  word ^= 0x3030303030303030;  // a digit is now its value, any other byte is above 9
  const uint64_t others = (((word & 0x7f7f7f7f7f7f7f7f) + 0x7676767676767676) | word) & 0x8080808080808080;
  if (others == 0) return 0;
  const int digits = std::countr_zero(others) / 8;
  if (digits == 0) return 0;
  word <<= 64 - 8 * digits;  // zeros take the place of what comes before the digits
  word = (word * 10 + (word >> 8)) & 0x00ff00ff00ff00ff;
  word = (word * 100 + (word >> 16)) & 0x0000ffff0000ffff;
  value = static_cast<int64_t>((word * 10000 + (word >> 32)) & 0xffffffff);
  return digits;
}

const char* past_blanks(const char* at, const char* end) {
  while (at != end && (*at == ' ' || *at == '\t' || *at == '\r')) ++at;
  return at;
}

/// Reads a whole number of at most 18 digits and the blanks behind it; null where the text is another. Longer ones take the slow way.
const char* short_number(const char* at, const char* end, int64_t& value) {
  if (end - at >= 8)
    if (const int64_t digits = word_of_digits(at, value); digits > 0) return past_blanks(at + digits, end);
  const bool negative = at != end && *at == '-';
  const char* digit = at + (negative ? 1 : 0);
  const char* const first = digit;
  int64_t sum = 0;
  for (; digit != end && static_cast<unsigned char>(*digit - '0') < 10; ++digit) {
    if (digit - first == 18) return nullptr;  // one more may not fit into 64 bits
    sum = 10 * sum + (*digit - '0');
  }
  if (digit == first) return nullptr;
  value = negative ? -sum : sum;
  return past_blanks(digit, end);
}

/// The list, the index and the rows that come out of both.
class PairReader {
 public:
  PairReader(const std::filesystem::path& file, const IdIndex& known, const std::filesystem::path& pictures_file)
      : lines_(file), known_(known), pictures_file_(pictures_file) {}

  TemplatePairs read() {
    const auto size = static_cast<size_t>(lines_.lines());
    pairs_.first.resize(size);
    pairs_.second.resize(size);
    pairs_.genuine.resize(size);
    std::vector<int64_t> rows(lines_.parts().size());
    for_blocks(0, std::ssize(rows), 1, hardware_threads(),
               [&](int64_t p, int64_t) { rows[static_cast<size_t>(p)] = part(lines_.parts()[static_cast<size_t>(p)]); });
    close_gaps(pairs_.first, lines_.parts(), rows);
    close_gaps(pairs_.second, lines_.parts(), rows);
    close_gaps(pairs_.genuine, lines_.parts(), rows);
    return std::move(pairs_);
  }

 private:
  /// Rows of one part. Lines as everybody writes them are read here; any other goes to `slow`, which also finds what is wrong.
  int64_t part(const LinePart& part) {
    auto row = static_cast<size_t>(part.first_line - 1);
    int64_t number = part.first_line;
    const char *at = part.text.data(), *const end = at + part.text.size();
    for (; at != end; ++number) {
      int64_t a = 0, b = 0, label = 0;
      const char* next = short_number(at, end, a);
      if (next) next = short_number(next, end, b);
      if (next) next = short_number(next, end, label);
      if (next && (next == end || *next == '\n')) {
        put(row++, number, a, b, label);
        at = next == end ? end : next + 1;
        continue;
      }
      const char* line_end = std::find(at, end, '\n');
      if (slow(std::string_view(at, static_cast<size_t>(line_end - at)), row, number)) ++row;
      at = line_end == end ? end : line_end + 1;
    }
    return static_cast<int64_t>(row) - (part.first_line - 1);
  }

  void put(size_t row, int64_t number, int64_t a, int64_t b, int64_t label) {
    const int64_t first = known_.find(a), second = known_.find(b);
    if (first < 0 || second < 0)
      lines_.fail(number, fmt::format("template {} has no picture in \"{}\"", first < 0 ? a : b, pictures_file_.string()));
    if (label != 0 && label != 1) lines_.fail(number, fmt::format("a pair ends in 1 for one person and in 0 for two, not in {}", label));
    pairs_.first[row] = static_cast<uint32_t>(first);
    pairs_.second[row] = static_cast<uint32_t>(second);
    pairs_.genuine[row] = label == 1 ? 1 : 0;
  }

  int64_t number_in(std::string_view field, int64_t number) const {
    int64_t value = 0;
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
    if (error != std::errc() || end != field.data() + field.size())
      lines_.fail(number, fmt::format("a pair is three whole numbers of 64 bits, and \"{}\" is not one", shown(field)));
    return value;
  }

  /// A line of any form; false for an empty one.
  bool slow(std::string_view text, size_t row, int64_t number) {
    std::string_view fields[4];
    for (std::string_view& field : fields) field = next_field(text);
    if (fields[0].empty()) return false;
    if (fields[2].empty() || !fields[3].empty())
      lines_.fail(number, fmt::format("a pair has 3 fields, \"template template 0|1\", and this line has {}",
                                      fields[3].empty() ? fields[1].empty() ? "1" : "2" : "more"));
    const int64_t a = number_in(fields[0], number), b = number_in(fields[1], number), label = number_in(fields[2], number);
    put(row, number, a, b, label);
    return true;
  }

  MappedLines lines_;
  const IdIndex& known_;
  std::filesystem::path pictures_file_;
  TemplatePairs pairs_;
};

}  // namespace

TemplatePairs read_template_pairs(const std::filesystem::path& file, const IdIndex& known, const std::filesystem::path& pictures_file) {
  return PairReader(file, known, pictures_file).read();
}

}  // namespace lafs::formats
