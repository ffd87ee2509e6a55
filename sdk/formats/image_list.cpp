#include "formats/image_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>

#include "lafs/error.h"

namespace lafs::formats {
namespace {

constexpr std::string_view blanks = " \t\r\v\f";

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::vector<std::string> fields_of(std::string_view line) {
  const bool tabbed = line.find('\t') != std::string_view::npos;
  std::vector<std::string> fields;
  while (!line.empty()) {
    const size_t end = std::min(line.find_first_of(tabbed ? "\t" : " "), line.size());
    if (const auto field = trimmed(line.substr(0, end)); !field.empty()) fields.emplace_back(field);
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return fields;
}

std::optional<int64_t> whole_number(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

/// A text file by lines, each already cut into fields.
class Lines {
 public:
  explicit Lines(const std::filesystem::path& file) : file_(file) {
    errno = 0;
    std::ifstream in(file, std::ios::binary);
    const int error = !in.is_open() ? errno : std::filesystem::is_directory(file) ? EISDIR : 0;
    if (error) throw Error(fmt::format("cannot read \"{}\": {}", file.string(), std::strerror(error)));
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    std::string_view rest = text;
    if (rest.starts_with("\xef\xbb\xbf")) rest.remove_prefix(3);
    while (!rest.empty()) {
      const size_t end = std::min(rest.find('\n'), rest.size());
      lines_.push_back(fields_of(trimmed(rest.substr(0, end))));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    while (!lines_.empty() && lines_.back().empty()) lines_.pop_back();
    if (lines_.empty()) fail(0, "the list is empty");
    for (size_t i = 0; i < lines_.size(); ++i)
      if (lines_[i].empty()) fail(i, "the line is empty");
  }

  size_t size() const { return lines_.size(); }
  const std::vector<std::string>& operator[](size_t i) const { return lines_[i]; }
  int64_t number(size_t i) const { return static_cast<int64_t>(i) + 1; }

  [[noreturn]] void fail(size_t i, const std::string& reason) const {
    throw Error(reason).at(fmt::format("{}:{}", file_.string(), number(i)));
  }
  /// The whole number in a field; `what` names it for the error.
  int64_t whole(size_t i, size_t field, std::string_view what, int64_t least = 0) const {
    const auto value = whole_number(lines_[i][field]);
    if (!value || *value < least) fail(i, fmt::format("{} is a whole number from {}, not \"{}\"", what, least, lines_[i][field]));
    return *value;
  }
  bool is_numbers(size_t i) const {
    return std::all_of(lines_[i].begin(), lines_[i].end(), [](const std::string& field) { return whole_number(field).has_value(); });
  }

 private:
  std::filesystem::path file_;
  std::vector<std::vector<std::string>> lines_;
};

ListedPair lfw_pair(const Lines& lines, size_t i) {
  const auto& fields = lines[i];
  if (fields.size() == 3) {
    const int64_t first = lines.whole(i, 1, "a picture", 1), second = lines.whole(i, 2, "a picture", 1);
    return {lfw_key(fields[0], first), lfw_key(fields[0], second), true, lines.number(i)};
  }
  if (fields.size() != 4) lines.fail(i, fmt::format("a pair has 3 or 4 fields, not {}", fields.size()));
  const int64_t first = lines.whole(i, 1, "a picture", 1), second = lines.whole(i, 3, "a picture", 1);
  if (fields[0] == fields[2]) lines.fail(i, fmt::format("a pair of different people names \"{}\" twice", fields[0]));
  return {lfw_key(fields[0], first), lfw_key(fields[2], second), false, lines.number(i)};
}

PairList lfw_pairs(const Lines& lines) {
  const size_t heading = lines[0].size();
  if (heading > 2) lines.fail(0, fmt::format("the first line has 1 or 2 numbers, not {}", heading));
  PairList list;
  list.has_endings = false;
  if (heading == 2) list.folds = lines.whole(0, 0, "the number of folds", 1);
  const int64_t blocks = std::max<int64_t>(1, list.folds), count = lines.whole(0, heading - 1, "the number of pairs", 1);
  const auto found = static_cast<int64_t>(lines.size()) - 1;
  // Divided, not multiplied: the numbers of a damaged first line may be huge.
  if (found % blocks != 0 || (found / blocks) % 2 != 0 || found / blocks / 2 != count)
    lines.fail(0, fmt::format("the first line announces {} of {} same and {} different pairs, and {} pairs follow",
                              blocks == 1 ? "1 block" : fmt::format("{} blocks", blocks), count, count, found));
  for (size_t i = 1; i < lines.size(); ++i) {
    list.pairs.push_back(lfw_pair(lines, i));
    const bool same_expected = (static_cast<int64_t>(i) - 1) % (2 * count) < count;
    if (list.pairs.back().same != same_expected)
      lines.fail(i, fmt::format("expected a pair of {}, found a pair of {}", same_expected ? "one person" : "different people",
                                same_expected ? "different people" : "one person"));
  }
  return list;
}

}  // namespace

std::string lfw_key(const std::string& name, int64_t number) { return fmt::format("{}/{}_{:04}", name, name, number); }

std::vector<ListedPicture> read_picture_list(const std::filesystem::path& file) {
  const Lines lines(file);
  const size_t width = lines[0].size();
  std::vector<ListedPicture> pictures;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].size() > 2) lines.fail(i, fmt::format("a picture has a path and perhaps a label, not {} fields", lines[i].size()));
    if (lines[i].size() != width) lines.fail(i, width == 2 ? "the label is missing" : "this line has a label and the first line has none");
    pictures.push_back({lines[i][0], width == 2 ? lines.whole(i, 1, "a label") : -1, lines.number(i)});
  }
  return pictures;
}

std::vector<std::vector<ListedPerson>> read_people_list(const std::filesystem::path& file) {
  const Lines lines(file);
  const auto heading = [&](size_t i, std::string_view what) {
    if (lines[i].size() != 1) lines.fail(i, fmt::format("{} must be alone on its line", what));
    return lines.whole(i, 0, what, 1);
  };
  // View 2 starts with the number of folds, and each fold with its number of people.
  const bool folded = lines.size() > 1 && lines[1].size() == 1;
  const int64_t folds = folded ? heading(0, "the number of folds") : 1;
  std::vector<std::vector<ListedPerson>> all;
  size_t i = folded ? 1 : 0;
  for (int64_t f = 0; f < folds; ++f) {
    if (i >= lines.size()) lines.fail(0, fmt::format("the first line announces {} folds, and {} follow", folds, f));
    const size_t start = i;
    const int64_t people = heading(i++, "the number of people");
    auto& block = all.emplace_back();
    for (; i < lines.size() && lines[i].size() == 2; ++i)
      block.push_back({lines[i][0], lines.whole(i, 1, "a number of pictures", 1), lines.number(i)});
    if (static_cast<int64_t>(block.size()) != people) {
      if (i < lines.size() && lines[i].size() != 1)
        lines.fail(i, fmt::format("a person has a name and a number, not {} fields", lines[i].size()));
      lines.fail(start, fmt::format("{} people are announced, and {} follow", people, block.size()));
    }
  }
  if (i < lines.size()) lines.fail(i, "the list continues after the people it announces");
  return all;
}

PairList read_pair_list(const std::filesystem::path& file) {
  const Lines lines(file);
  if (lines.is_numbers(0)) return lfw_pairs(lines);
  PairList list;
  for (size_t i = 0; i < lines.size(); ++i) {
    const auto& fields = lines[i];
    if (fields.size() != 3) lines.fail(i, fmt::format("a pair has two paths and 0 or 1, not {} fields", fields.size()));
    if (fields[2] != "0" && fields[2] != "1") lines.fail(i, fmt::format("a pair ends in 0 or 1, not \"{}\"", fields[2]));
    list.pairs.push_back({fields[0], fields[1], fields[2] == "1", lines.number(i)});
  }
  return list;
}

}  // namespace lafs::formats
