#include "formats/people_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "formats/text_file.h"
#include "lafs/error.h"

namespace lafs::formats {
namespace {

using People = std::vector<ListedPerson>;

ListedPerson person_of(const std::string& line, int64_t number) {
  ListedPerson person{line, "", std::nullopt, number};
  if (const size_t tab = line.find('\t'); tab != std::string::npos) {
    person.name = without_blanks(line.substr(0, tab));
    person.pictures = count_of(without_blanks(line.substr(tab)));
  } else if (const size_t blank = line.rfind(' '); blank != std::string::npos) {
    person.pictures = count_of(line.substr(blank + 1));
    if (person.pictures) person.shorter = without_blanks(line.substr(0, blank));
  }
  return person;
}

/// The number of a line that holds nothing else.
std::optional<int64_t> lone_number(const ListedPerson& person) { return person.pictures ? std::nullopt : count_of(person.name); }

/// The people of LFW's format, without its headings.
class Blocks {
 public:
  Blocks(const TextFile& file, People lines) : file_(file), lines_(std::move(lines)) {}

  People people() {
    const int64_t first = *lone_number(lines_[0]);
    // View 2 starts with the number of folds, and each fold with its number of people.
    const bool folded = lone_number(lines_[1]).has_value();
    const int64_t folds = folded ? first : 1;
    at_ = folded ? 1 : 0;
    People all;
    for (int64_t f = 0; f < folds; ++f) {
      if (at_ >= lines_.size()) wrong(0, fmt::format("{} folds, and {} follow", folds, f));
      add_block(all);
    }
    if (at_ < lines_.size())
      file_.fail(lines_[at_].line, fmt::format("the list goes on after the people that its headings announce; correct the heading in line "
                                               "{}, or remove all headings",
                                               heading_));
    return all;
  }

 private:
  [[noreturn]] void wrong(size_t at, const std::string& announced) const {
    file_.fail(lines_[at].line, fmt::format("the heading announces {}; correct it, or remove all headings", announced));
  }

  void add_block(People& all) {
    const size_t heading = at_;
    heading_ = lines_[at_].line;
    const auto people = lone_number(lines_[at_++]);
    if (!people)
      file_.fail(lines_[heading].line, "expected the number of people of a fold, alone on its line; correct it, or remove all headings");
    int64_t found = 0;
    for (; found < *people && at_ < lines_.size() && !lone_number(lines_[at_]); ++found) all.push_back(lines_[at_++]);
    if (found < *people) wrong(heading, fmt::format("{} people, and {} follow", *people, found));
  }

  const TextFile& file_;
  People lines_;
  size_t at_ = 0;
  int64_t heading_ = 0;
};

}  // namespace

std::vector<ListedPerson> read_people_list(const std::filesystem::path& file) {
  TextFile text(file);
  People lines;
  while (text.next()) lines.push_back(person_of(text.line(), text.number()));
  if (lines.empty()) throw Error(fmt::format("the list \"{}\" names nobody", file.string()));
  if (lines.size() < 2 || !lone_number(lines[0])) return lines;
  // Numbers of pictures are what makes a line of digits above them a heading. Without tabs "Person 3" may be a name as it stands: then it
  // is LFW's format only where all its headings are right.
  if (std::any_of(lines.begin(), lines.end(), [](const ListedPerson& person) { return person.pictures && person.shorter.empty(); }))
    return Blocks(text, std::move(lines)).people();
  if (std::none_of(lines.begin(), lines.end(), [](const ListedPerson& person) { return person.pictures.has_value(); })) return lines;
  try {
    return Blocks(text, lines).people();
  } catch (const Error&) {
    return lines;
  }
}

}  // namespace lafs::formats
