#include "formats/pair_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "formats/text_file.h"
#include "lafs/error.h"

namespace lafs::formats {
namespace {

/// The lines of a list, each cut into fields.
class Lines {
 public:
  explicit Lines(const std::filesystem::path& file) : file_(file) {
    while (file_.next()) {
      lines_.push_back(fields_of(file_.line()));
      numbers_.push_back(file_.number());
    }
    if (lines_.empty()) file_.fail(1, "the list is empty");
  }

  size_t size() const { return lines_.size(); }
  const std::vector<std::string>& operator[](size_t i) const { return lines_[i]; }
  int64_t number(size_t i) const { return numbers_[i]; }
  [[noreturn]] void fail(size_t i, const std::string& reason) const { file_.fail(numbers_[i], reason); }
  /// The whole number in a field; `what` names it for the error.
  int64_t whole(size_t i, size_t field, std::string_view what) const {
    const auto value = count_of(lines_[i][field]);
    if (value && *value >= 1) return *value;
    const char* remedy = value ? "; LFW counts from 1" : "; if this line is a heading, remove it";
    fail(i, fmt::format("{} is a whole number from 1, not \"{}\"{}", what, shown(lines_[i][field]), remedy));
  }
  bool is_numbers(size_t i) const {
    return std::all_of(lines_[i].begin(), lines_[i].end(), [](const std::string& field) { return count_of(field).has_value(); });
  }

 private:
  TextFile file_;
  std::vector<std::vector<std::string>> lines_;
  std::vector<int64_t> numbers_;
};

bool is_lfw_heading(const Lines& lines) { return lines[0].size() < 3 && lines.is_numbers(0); }

/// Whether a line is one of LFW's, of one person or of two.
bool of_one(const std::vector<std::string>& fields) { return fields.size() == 3 && count_of(fields[1]) && count_of(fields[2]); }
bool of_two(const std::vector<std::string>& fields) { return fields.size() == 4 && count_of(fields[1]) && count_of(fields[3]); }

/// Whether a line may be of the other form: two keys, and 0 or 1.
bool ends_in_same(const std::vector<std::string>& fields) { return fields.size() == 3 && (fields[2] == "0" || fields[2] == "1"); }

/// The first line that LFW's pairs from line `begin` on should have, as the end of an error.
std::string right_heading(const Lines& lines, size_t begin, std::string_view do_what) {
  std::vector<bool> same;  // lines of words in between are another mistake
  for (size_t i = begin; i < lines.size(); ++i)
    if (of_one(lines[i]) || of_two(lines[i])) same.push_back(of_one(lines[i]));
  const auto run = static_cast<size_t>(std::find(same.begin(), same.end(), false) - same.begin());
  bool regular = run > 0 && same.size() % (2 * run) == 0;
  for (size_t i = 0; i < same.size() && regular; ++i) regular = same[i] == (i % (2 * run) < run);
  if (!regular)
    return "; LFW's form has pairs of one person first and as many of different people after them, in each fold; any other order is "
           "written "
           "as lines \"path path 0|1\"";
  const size_t folds = same.size() / (2 * run);
  return fmt::format("; {} \"{}\"", do_what, folds == 1 ? fmt::format("{}", run) : fmt::format("{} {}", folds, run));
}

ListedPair lfw_pair(const Lines& lines, size_t i) {
  const auto& fields = lines[i];
  if (fields.size() == 3) {
    const int64_t first = lines.whole(i, 1, "a picture"), second = lines.whole(i, 2, "a picture");
    return {lfw_key(fields[0], first), lfw_key(fields[0], second), true, lines.number(i)};
  }
  if (fields.size() != 4)
    lines.fail(i, fmt::format("after the first line this list is taken for LFW's, where a pair has 3 or 4 fields, not {}{}", fields.size(),
                              fields.size() > 4 ? "; separate them with tabs where names have blanks" : ""));
  const int64_t first = lines.whole(i, 1, "a picture"), second = lines.whole(i, 3, "a picture");
  if (fields[0] == fields[2]) lines.fail(i, fmt::format("a pair of different people names \"{}\" twice", shown(fields[0])));
  return {lfw_key(fields[0], first), lfw_key(fields[2], second), false, lines.number(i)};
}

void check_count(const Lines& lines, int64_t blocks, int64_t count) {
  const auto found = static_cast<int64_t>(lines.size()) - 1;
  // Divided, not multiplied: the numbers of a damaged first line may be huge.
  if (found % blocks != 0 || (found / blocks) % 2 != 0 || found / blocks / 2 != count)
    lines.fail(
        0, fmt::format("the first line announces {} of {} same and {} different pairs, and {} pairs follow{}",
                       blocks == 1 ? "1 block" : fmt::format("{} blocks", blocks), count, count, found, right_heading(lines, 1, "write")));
}

/// A heading of its author's own above lines of the other form.
void refuse_heading(const Lines& lines) {
  for (size_t i = 1; i < lines.size(); ++i)
    if (!ends_in_same(lines[i])) return;
  if (lines.size() > 1) lines.fail(0, "the lines are \"picture picture 0|1\", which have no first line of numbers above them: remove it");
}

PairList lfw_pairs(const Lines& lines) {
  refuse_heading(lines);
  const size_t heading = lines[0].size();
  PairList list;
  list.has_endings = false;
  if (heading == 2) list.folds = lines.whole(0, 0, "the number of folds");
  const int64_t blocks = std::max<int64_t>(1, list.folds), count = lines.whole(0, heading - 1, "the number of pairs");
  for (size_t i = 1; i < lines.size(); ++i) list.pairs.push_back(lfw_pair(lines, i));
  check_count(lines, blocks, count);
  for (size_t i = 1; i < lines.size(); ++i) {
    const bool same_expected = (static_cast<int64_t>(i) - 1) % (2 * count) < count;
    if (list.pairs[i - 1].same == same_expected) continue;
    const char* const kinds[] = {"different people", "one person"};
    lines.fail(i, fmt::format("after the first line, a pair of {} is expected here, and this is one of {}{}", kinds[same_expected],
                              kinds[!same_expected], right_heading(lines, 1, "in this order the first line is")));
  }
  return list;
}

/// LFW's lines under a first line that is not LFW's.
void refuse_headless(const Lines& lines) {
  size_t lfw = 0;
  for (size_t i = 0; i < lines.size(); ++i) {
    const auto& fields = lines[i];
    lfw += of_two(fields) || (of_one(fields) && !ends_in_same(fields)) ? 1 : 0;
  }
  if (4 * lfw < lines.size() || lfw == 0) return;  // a few such lines are mistakes among others
  const bool pair_first = of_one(lines[0]) || of_two(lines[0]);
  lines.fail(0, fmt::format("the lines are LFW's, and LFW's first line is missing, \"folds pairs\" or \"pairs\"{}",
                            right_heading(lines, pair_first ? 0 : 1, pair_first ? "put before this line" : "write instead of this line")));
}

}  // namespace

std::string lfw_key(const std::string& name, int64_t number) { return fmt::format("{}/{}_{:04}", name, name, number); }

PairList read_pair_list(const std::filesystem::path& file) {
  const Lines lines(file);
  if (is_lfw_heading(lines)) return lfw_pairs(lines);
  refuse_headless(lines);
  PairList list;
  for (size_t i = 0; i < lines.size(); ++i) {
    const auto& fields = lines[i];
    if (fields.size() != 3) {
      const bool commas = fields.size() == 1 && fields[0].find_first_of(",;|") != std::string::npos;
      lines.fail(i, fmt::format("a pair has two pictures and 0 or 1, not {} {}{}", fields.size(), fields.size() == 1 ? "field" : "fields",
                                commas              ? "; separate them with tabs, not with commas"
                                : fields.size() > 3 ? "; separate them with tabs where names have blanks"
                                                    : ""));
    }
    if (fields[2] != "0" && fields[2] != "1") lines.fail(i, fmt::format("a pair ends in 0 or 1, not \"{}\"", shown(fields[2])));
    list.pairs.push_back({fields[0], fields[1], fields[2] == "1", lines.number(i)});
  }
  return list;
}

}  // namespace lafs::formats
