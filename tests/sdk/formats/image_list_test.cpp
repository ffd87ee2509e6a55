#include "formats/image_list.h"

#include <doctest/doctest.h>

#include "lafs/error.h"
#include "support/bytes.h"
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

TEST_CASE("image_list: LFW's pairs by folds keep their order and get LFW's keys") {
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

TEST_CASE("image_list: the development form, line ends of Windows, trailing blanks and a missing last newline are read") {
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

TEST_CASE("image_list: every malformed pair is reported with its line") {
  CHECK(error_of(read_pair_list, "") == ":1: error: the list is empty");
  CHECK(error_of(read_pair_list, "\n\n") == ":1: error: the list is empty");
  CHECK(error_of(read_pair_list, "a b 1\n\nc d 1\n") == ":2: error: the line is empty");
  CHECK(error_of(read_pair_list, "1 2 3\n") == ":1: error: the first line has 1 or 2 numbers, not 3");
  CHECK(error_of(read_pair_list, "1\nAda 1 2\n") ==
        ":1: error: the first line announces 1 block of 1 same and 1 different pairs, and 1 pairs follow");
  CHECK(error_of(read_pair_list, "9 9223372036854775807\nAda 1 2\n") ==
        ":1: error: the first line announces 9 blocks of 9223372036854775807 same and 9223372036854775807 different pairs, and 1 pairs "
        "follow");
  CHECK(error_of(read_pair_list, "0 1\nAda 1 2\n") == ":1: error: the number of folds is a whole number from 1, not \"0\"");
  CHECK(error_of(read_pair_list, "1\nAda 1 x\nAda 1 Bo 1\n") == ":2: error: a picture is a whole number from 1, not \"x\"");
  CHECK(error_of(read_pair_list, "1\nAda 0 2\nAda 1 Bo 1\n") == ":2: error: a picture is a whole number from 1, not \"0\"");
  CHECK(error_of(read_pair_list, "1\nAda 1 2\nAda 1 Bo\n") == ":3: error: a picture is a whole number from 1, not \"Bo\"");
  CHECK(error_of(read_pair_list, "1\nAda 1\nAda 1 Bo 1\n") == ":2: error: a pair has 3 or 4 fields, not 2");
  CHECK(error_of(read_pair_list, "1\nAda 1 Bo 1\nAda 1 2\n") ==
        ":2: error: expected a pair of one person, found a pair of different people");
  CHECK(error_of(read_pair_list, "1\nAda 1 2\nAda 1 Ada 2\n") == ":3: error: a pair of different people names \"Ada\" twice");
  CHECK(error_of(read_pair_list, "a b 1\na b\n") == ":2: error: a pair has two paths and 0 or 1, not 2 fields");
  CHECK(error_of(read_pair_list, "a b yes\n") == ":1: error: a pair ends in 0 or 1, not \"yes\"");
}

TEST_CASE("image_list: a list that cannot be opened is named") {
  const test::ScratchFolder folder;
  CHECK_THROWS_WITH_AS(read_pair_list(folder / "absent"),
                       ("cannot read \"" + (folder / "absent").string() + "\": No such file or directory").c_str(), Error);
  CHECK_THROWS_WITH_AS(read_pair_list(folder.path()), ("cannot read \"" + folder.path().string() + "\": Is a directory").c_str(), Error);
}

TEST_CASE("image_list: people lists of both views") {
  const auto one = read_people_list(ListFile("2\nAda\t3\nBo\t1\n").file);
  REQUIRE(one.size() == 1);
  CHECK(one[0][1].name == "Bo");
  CHECK(one[0][0].pictures == 3);
  const auto two = read_people_list(ListFile("2\n1\nAda\t3\n2\nBo\t1\nCy\t2").file);
  REQUIRE(two.size() == 2);
  CHECK(two[0].size() == 1);
  CHECK(two[1][1].name == "Cy");
  CHECK(two[1][1].line == 6);
}

TEST_CASE("image_list: every malformed people list is reported with its line") {
  CHECK(error_of(read_people_list, "x\nAda 1\n") == ":1: error: the number of people is a whole number from 1, not \"x\"");
  CHECK(error_of(read_people_list, "Ada 1\n") == ":1: error: the number of people must be alone on its line");
  CHECK(error_of(read_people_list, "2\nAda 1\n") == ":1: error: 2 people are announced, and 1 follow");
  CHECK(error_of(read_people_list, "1\nAda 0\n") == ":2: error: a number of pictures is a whole number from 1, not \"0\"");
  CHECK(error_of(read_people_list, "2\nAda 1\nBo 1 1\n") == ":3: error: a person has a name and a number, not 3 fields");
  CHECK(error_of(read_people_list, "2\n1\nAda 1\n") == ":1: error: the first line announces 2 folds, and 1 follow");
  CHECK(error_of(read_people_list, "1\n1\nAda 1\n1\nBo 1\n") == ":4: error: the list continues after the people it announces");
}

TEST_CASE("image_list: picture lists with and without labels") {
  const auto labelled = read_picture_list(ListFile("a/1.png 0\nb 2.png\t7\n").file);
  REQUIRE(labelled.size() == 2);
  CHECK(labelled[1].path == "b 2.png");
  CHECK(labelled[1].label == 7);
  const auto bare = read_picture_list(ListFile("a/1.png\nb.png").file);
  REQUIRE(bare.size() == 2);
  CHECK(bare[1].label == -1);
  CHECK(error_of(read_picture_list, "a 1\nb\n") == ":2: error: the label is missing");
  CHECK(error_of(read_picture_list, "a\nb 1\n") == ":2: error: this line has a label and the first line has none");
  CHECK(error_of(read_picture_list, "a -1\n") == ":1: error: a label is a whole number from 0, not \"-1\"");
  CHECK(error_of(read_picture_list, "a b 1\n") == ":1: error: a picture has a path and perhaps a label, not 3 fields");
}
