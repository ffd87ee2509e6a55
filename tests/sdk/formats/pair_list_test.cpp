#include "formats/pair_list.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>
#include <vector>

#include "lafs/error.h"
#include "support/bytes.h"
#include "support/generated_text.h"
#include "support/scratch.h"

using namespace lafs;
using namespace lafs::formats;

namespace {

/// A list in a file of its own.
struct ListFile {
  test::ScratchFolder folder;
  std::filesystem::path file = folder / "list.txt";
  explicit ListFile(std::string_view text) { test::write_bytes(file, text); }
};

template <typename Read>
std::string error_of(Read read, std::string_view text) {
  const ListFile list(text);
  try {
    read(list.file);
  } catch (const Error& error) {
    const std::string what = error.what(), file = list.file.string();
    REQUIRE(what.starts_with(file));
    return what.substr(file.size());
  }
  return "";
}

}  // namespace

TEST_CASE("pair list: LFW's pairs by folds keep their order and get LFW's keys") {
  const ListFile list("2\t1\nAda\t1\t12\nAda\t2\tBo B\t3\nCy\t1\t2\nAda\t1\tCy\t1\n");
  const PairList pairs = read_pair_list(list.file);
  CHECK(pairs.folds == 2);
  CHECK_FALSE(pairs.has_endings);
  REQUIRE(pairs.pairs.size() == 4);
  CHECK(pairs.pairs[0].first == "Ada/Ada_0001");
  CHECK(pairs.pairs[0].second == "Ada/Ada_0012");
  CHECK(pairs.pairs[0].same);
  CHECK(pairs.pairs[1].second == "Bo B/Bo B_0003");
  CHECK_FALSE(pairs.pairs[1].same);
  CHECK(pairs.pairs[3].line == 5);
}

TEST_CASE("pair list: the development form, line ends of Windows, trailing blanks and a missing last newline are read") {
  const ListFile list(
      "\xef\xbb\xbf"
      "1 \r\nAda 1 2 \t\r\nAda 2 Bo 3");
  const PairList pairs = read_pair_list(list.file);
  CHECK(pairs.folds == 0);
  REQUIRE(pairs.pairs.size() == 2);
  CHECK(pairs.pairs[1].second == "Bo/Bo_0003");
  const ListFile plain("a/1.png b/1.png 0\nwith blank.png\tc.png\t1\n\n \n");
  const PairList two = read_pair_list(plain.file);
  CHECK(two.has_endings);
  REQUIRE(two.pairs.size() == 2);
  CHECK(two.pairs[1].first == "with blank.png");
  CHECK(two.pairs[1].same);
}

TEST_CASE("pair list: pairs of a record set, whose keys are numbers, are pairs and no heading") {
  const ListFile list("1 2 1\n5\t9\t0\n\n3 4 1\n");
  const PairList pairs = read_pair_list(list.file);
  CHECK(pairs.has_endings);
  REQUIRE(pairs.pairs.size() == 3);
  CHECK(pairs.pairs[0].first == "1");
  CHECK(pairs.pairs[1].second == "9");
  CHECK_FALSE(pairs.pairs[1].same);
  CHECK(pairs.pairs[2].line == 4);
}

TEST_CASE("pair list: LFW's lines without LFW's first line say what is missing, and which it would be") {
  const std::string missing = ":1: error: the lines are LFW's, and LFW's first line is missing, \"folds pairs\" or \"pairs\"";
  const std::string other =
      "; LFW's form has pairs of one person first and as many of different people after them, in each fold; any other "
      "order is written as lines \"path path 0|1\"";
  const std::string same = "Ada\t1\t2\n", two = "Ada\t1\tBo\t2\n";
  CHECK(error_of(read_pair_list, same + two + same + two) == missing + "; put before this line \"2 1\"");
  CHECK(error_of(read_pair_list, same + same + two + two) == missing + "; put before this line \"2\"");
  CHECK(error_of(read_pair_list, "7\t1\t2\n7\t1\t8\t2\n") == missing + "; put before this line \"1\"");
  CHECK(error_of(read_pair_list, "name\tpicID1\tpicID2\n" + same + "name1\tpicID1\tname2\tpicID2\n" + two) ==
        missing + "; write instead of this line \"1\"");
  CHECK(error_of(read_pair_list, two + same) == missing + other);
  CHECK(error_of(read_pair_list, "1 2 3\n") == missing + other);
}

TEST_CASE("pair list: every malformed pair is reported with its line") {
  const std::string follow =
      "; LFW's form has pairs of one person first and as many of different people after them, in each fold; any other "
      "order is written as lines \"path path 0|1\"";
  CHECK(error_of(read_pair_list, "") == ":1: error: the list is empty");
  CHECK(error_of(read_pair_list, "\n\n") == ":1: error: the list is empty");
  CHECK(error_of(read_pair_list, "1\nAda 1 2\n") ==
        ":1: error: the first line announces 1 block of 1 same and 1 different pairs, and 1 pairs follow" + follow);
  CHECK(error_of(read_pair_list, "9 9223372036854775807\nAda 1 2\nAda 1 Bo 1") ==
        ":1: error: the first line announces 9 blocks of 9223372036854775807 same and 9223372036854775807 different pairs, and 2 pairs "
        "follow; write \"1\"");
  CHECK(error_of(read_pair_list, "2\n1 2 1\n3 4 0\n") ==
        ":1: error: the lines are \"picture picture 0|1\", which have no first line of numbers above them: remove it");
  CHECK(error_of(read_pair_list, "0 1\nAda 1 2\n") ==
        ":1: error: the number of folds is a whole number from 1, not \"0\"; LFW counts from 1");
  CHECK(error_of(read_pair_list, "1\nAda 1 x\nAda 1 Bo 1\n") ==
        ":2: error: a picture is a whole number from 1, not \"x\"; if this line is a heading, remove it");
  CHECK(error_of(read_pair_list, "1\nAda 0 2\nAda 1 Bo 1\n") ==
        ":2: error: a picture is a whole number from 1, not \"0\"; LFW counts from 1");
  CHECK(error_of(read_pair_list, "1\nAda 1 2\nAda 1 Bo\n") ==
        ":3: error: a picture is a whole number from 1, not \"Bo\"; if this line is a heading, remove it");
  CHECK(error_of(read_pair_list, "1\nAda 1\nAda 1 Bo 1\n") ==
        ":2: error: after the first line this list is taken for LFW's, where a pair has 3 or 4 fields, not 2");
  CHECK(
      error_of(read_pair_list, "1\nAda B 1 Bo 1\n") ==
      ":2: error: after the first line this list is taken for LFW's, where a pair has 3 or 4 fields, not 5; separate them with tabs where "
      "names have blanks");
  CHECK(error_of(read_pair_list, "1\nAda 1 Bo 1\nAda 1 2\n") ==
        ":2: error: after the first line, a pair of one person is expected here, and this is one of different people" + follow);
  CHECK(error_of(read_pair_list, "2 1\nAda 1 2\nAda 3 4\nAda 1 Bo 1\nAda 2 Bo 1\n") ==
        ":3: error: after the first line, a pair of different people is expected here, and this is one of one person; in this order the "
        "first "
        "line is \"2\"");
  CHECK(error_of(read_pair_list, "1\nAda 1 2\nAda 1 Ada 2\n") == ":3: error: a pair of different people names \"Ada\" twice");
  CHECK(error_of(read_pair_list, "a b 1\na b\n") == ":2: error: a pair has two pictures and 0 or 1, not 2 fields");
  CHECK(error_of(read_pair_list, "a b c d 1\n") ==
        ":1: error: a pair has two pictures and 0 or 1, not 5 fields; separate them with tabs where names have blanks");
  CHECK(error_of(read_pair_list, "a,b,1\n") ==
        ":1: error: a pair has two pictures and 0 or 1, not 1 field; separate them with tabs, not with commas");
  CHECK(error_of(read_pair_list, "a b yes\n") == ":1: error: a pair ends in 0 or 1, not \"yes\"");
}

TEST_CASE("pair list: generated lists of both forms are read as they were written") {
  int wrong = 0;
  const int lists = 200;
  for (int n = 0; n < lists; ++n) {
    test::TextMaker make(static_cast<uint64_t>(n));
    const bool blanks = make.coin();
    const std::string tab = blanks || make.coin() ? "\t" : " ";
    const std::vector<std::string> people = make.names(6, blanks, true);
    const int64_t folds = make.number(1, 4), count = make.number(1, 5);
    std::vector<std::string> lfw{folds == 1 ? fmt::format("{}", count) : fmt::format("{}{}{}", folds, tab, count)}, keys;
    std::vector<ListedPair> expected;
    for (int64_t i = 0; i < 2 * folds * count; ++i) {
      const bool same = i % (2 * count) < count;
      const int64_t one = make.number(1, 30), two = make.number(1, 30), a = make.number(0, 6), b = (a + make.number(1, 6)) % 6;
      const std::string& first = people[static_cast<size_t>(a)];
      const std::string& second = people[static_cast<size_t>(same ? a : b)];
      expected.push_back({lfw_key(first, one), lfw_key(second, two), same, 0});
      lfw.push_back(same ? fmt::format("{}{}{}{}{}", first, tab, one, tab, two)
                         : fmt::format("{}{}{}{}{}{}{}", first, tab, one, tab, second, tab, two));
      keys.push_back(fmt::format("{}{}{}{}{}", expected.back().first, tab, expected.back().second, tab, same ? 1 : 0));
    }
    for (const auto* lines : {&lfw, &keys}) {
      const PairList read = read_pair_list(ListFile(make.file_of(*lines)).file);
      bool equal = read.pairs.size() == expected.size() && read.has_endings == (lines == &keys);
      for (size_t i = 0; equal && i < expected.size(); ++i)
        equal = read.pairs[i].first == expected[i].first && read.pairs[i].second == expected[i].second &&
                read.pairs[i].same == expected[i].same;
      wrong += equal ? 0 : 1;
    }
  }
  MESSAGE("read " << 2 * lists << " generated lists of pairs");
  CHECK(wrong == 0);
}

TEST_CASE("pair list: a list that cannot be opened is named") {
  const test::ScratchFolder folder;
  CHECK_THROWS_WITH_AS(read_pair_list(folder / "absent"),
                       ("cannot read \"" + (folder / "absent").string() + "\": No such file or directory").c_str(), Error);
  CHECK_THROWS_WITH_AS(read_pair_list(folder.path()), ("cannot read \"" + folder.path().string() + "\": Is a directory").c_str(), Error);
}
