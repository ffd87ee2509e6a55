#include "formats/people_list.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "lafs/error.h"
#include "support/bytes.h"
#include "support/error_of.h"
#include "support/generated_text.h"
#include "support/scratch.h"

using namespace lafs;
using namespace lafs::formats;

namespace {

std::vector<ListedPerson> people(const std::string& text) {
  const test::ScratchFolder folder;
  test::write_bytes(folder / "list.txt", text);
  return read_people_list(folder / "list.txt");
}

std::string names(const std::string& text) {
  std::string all;
  for (const ListedPerson& person : people(text)) all += person.name + (person.pictures ? fmt::format("={}", *person.pictures) : "") + " ";
  return all;
}

std::string refusal(const std::string& text) {
  const std::string error = test::error_of([&] { people(text); });
  return error.substr(error.find("list.txt"));
}

}  // namespace

TEST_CASE("people list: LFW's headings are headings, in lists of both views") {
  CHECK(names("2\nAda\t3\nBo\t1\n") == "Ada=3 Bo=1 ");
  CHECK(names("2\nAda 3\nBo 1\n") == "Ada 3=3 Bo 1=1 ");
  CHECK(names("2\n1\nAda\t3\n2\nBo\t1\nCy\t2") == "Ada=3 Bo=1 Cy=2 ");
  CHECK(names("2\n2\nAda\t3\nBo\t1\n1\nCy\r\n") == "Ada=3 Bo=1 Cy ");
  CHECK(names("2\n00017\t3\n00018\t1\n") == "00017=3 00018=1 ");
  CHECK(people("2\n1\nAda\t3\n2\nBo\t1\nCy\t2")[2].line == 6);
}

TEST_CASE("people list: people named by digits are no headings") {
  CHECK(names("00017\n00018\n") == "00017 00018 ");
  CHECK(names("17\n18\n19") == "17 18 19 ");
  CHECK(names("00017\t3\n00018\t1\n") == "00017=3 00018=1 ");
  CHECK(names("2\nAda\nBo\n") == "2 Ada Bo ");
  CHECK(names("12") == "12 ");
  CHECK(names("7\nPerson 3\nPerson 4\n") == "7 Person 3=3 Person 4=4 ");
}

TEST_CASE("people list: names with blanks stay whole, and a number behind a blank may be the end of a name") {
  const auto read = people("Ana Lopez\nAna Lopez 12\nAna Lopez\t12\nBo Li 2 \n");
  CHECK(read[0].name == "Ana Lopez");
  CHECK(read[0].shorter.empty());
  CHECK(read[1].name == "Ana Lopez 12");
  CHECK(read[1].shorter == "Ana Lopez");
  CHECK(read[2].name == "Ana Lopez");
  CHECK(read[2].pictures == 12);
  CHECK(read[3].shorter == "Bo Li");
}

TEST_CASE("people list: a wrong heading is an error with its line") {
  CHECK(refusal("3\nAda\t3\nBo\t1\n") ==
        "list.txt:1: error: the heading announces 3 people, and 2 follow; correct it, or remove all headings");
  CHECK(refusal("2\n1\nAda\t1\n") == "list.txt:1: error: the heading announces 2 folds, and 1 follow; correct it, or remove all headings");
  CHECK(refusal("1\n1\nAda\t1\n1\nBo\t1\n") ==
        "list.txt:4: error: the list goes on after the people that its headings announce; correct the heading in line 2, or remove all "
        "headings");
  CHECK(refusal("2\n1\nAda\t1\nBo\t1\n") ==
        "list.txt:4: error: expected the number of people of a fold, alone on its line; correct it, or remove all headings");
  CHECK(refusal("\n \n").ends_with("list.txt\" names nobody"));
}

TEST_CASE("people list: generated lists with and without LFW's headings give the names that were written") {
  int wrong = 0;
  const int lists = 300;
  for (int n = 0; n < lists; ++n) {
    test::TextMaker make(static_cast<uint64_t>(n));
    const std::vector<std::string> expected = make.names(make.number(2, 20), true, true);
    const bool counted = make.coin(), headed = counted && make.coin();
    std::vector<std::string> lines, found;
    if (headed) lines.push_back(fmt::format("{}", expected.size()));
    for (const std::string& name : expected) lines.push_back(counted ? fmt::format("{}\t{}", name, make.number(1, 500)) : name);
    for (const ListedPerson& person : people(make.file_of(lines))) found.push_back(person.name);
    wrong += found == expected ? 0 : 1;
  }
  MESSAGE("read " << lists << " generated lists of people");
  CHECK(wrong == 0);
}
