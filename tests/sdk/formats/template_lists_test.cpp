#include "formats/template_lists.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <limits>
#include <string>
#include <vector>

#include "formats/mapped_lines.h"
#include "lafs/error.h"
#include "lafs/rng.h"
#include "support/bytes.h"
#include "support/error_of.h"
#include "support/scratch.h"

using namespace lafs;
using namespace lafs::formats;

namespace {

/// A list with this text, for as long as it is read.
struct List {
  test::ScratchFolder folder;
  std::filesystem::path file;
  explicit List(std::string_view text, const std::string& name = "list.txt") : file(folder / name) { test::write_bytes(file, text); }
};

std::string cut(const std::string& error) { return error.substr(std::min(error.find("list.txt"), error.size())); }

TemplatePictures pictures(std::string_view text) { return read_template_pictures(List(text).file); }
DetectedFaces faces(std::string_view text) { return read_detected_faces(List(text).file); }
TemplateSubjects subjects(std::string_view text) { return read_template_subjects(List(text).file); }

TemplatePairs pairs(std::string_view text, const std::vector<int64_t>& known) {
  return read_template_pairs(List(text).file, IdIndex(known), "face_tid_mid.txt");
}

std::string pairs_error(std::string_view text) {
  return cut(test::error_of([&] { pairs(text, {1, 2, 3, 40}); }));
}
std::string pictures_error(std::string_view text) {
  return cut(test::error_of([&] { pictures(text); }));
}
std::string faces_error(std::string_view text) {
  return cut(test::error_of([&] { faces(text); }));
}
std::string subjects_error(std::string_view text) {
  return cut(test::error_of([&] { subjects(text); }));
}

const std::string face = "1.jpg 46.060 62.026 87.785 60.323 68.851 77.656 52.162 99.875 86.450 98.648 0.999";

}  // namespace

TEST_CASE("template lists: blanks, line ends, empty lines and a byte order mark do not matter") {
  const TemplatePictures list = pictures(
      "\xef\xbb\xbf"
      "1.jpg 1 69544\r\n\r\n  a/2.jpg\t-5  \t 7  \n3.jpg 9223372036854775807 -9223372036854775808");
  CHECK(list.names == std::vector<std::string>{"1.jpg", "a/2.jpg", "3.jpg"});
  CHECK(list.templates == std::vector<int64_t>{1, -5, std::numeric_limits<int64_t>::max()});
  CHECK(list.media == std::vector<int64_t>{69544, 7, std::numeric_limits<int64_t>::min()});
  CHECK(list.lines == std::vector<int64_t>{1, 3, 4});
}

TEST_CASE("template lists: a line that is not a picture is reported") {
  CHECK(pictures_error("1.jpg 1 2\n2.jpg 1\n") ==
        "list.txt:2: error: a picture has 3 fields, \"picture template media\", and this line has 2 fields");
  CHECK(pictures_error("1.jpg\n") == "list.txt:1: error: a picture has 3 fields, \"picture template media\", and this line has 1 field");
  CHECK(pictures_error("1.jpg 1 2 3\n") ==
        "list.txt:1: error: a picture has 3 fields, \"picture template media\", and this line has 4 fields");
  CHECK(pictures_error("\n1.jpg 1.5 2\n") == "list.txt:2: error: a template is a whole number of 64 bits, not \"1.5\"");
  CHECK(pictures_error("1.jpg 1 x\n") == "list.txt:1: error: a medium is a whole number of 64 bits, not \"x\"");
  CHECK(pictures_error("1.jpg 9223372036854775808 1\n") ==
        "list.txt:1: error: a template is a whole number of 64 bits, not \"9223372036854775808\"");
}

TEST_CASE("template lists: an empty file and one that is not text are reported") {
  for (const char* text : {"", "\n \r\n"}) CHECK(pictures_error(text) == "list.txt:1: error: the list is empty");
  CHECK(faces_error("") == "list.txt:1: error: the list is empty");
  CHECK(pairs_error("\n") == "list.txt:1: error: the list is empty");
  CHECK(subjects_error("") == "list.txt:1: error: the list is empty");
  CHECK(pairs_error("\x1f\x8b\x08 gzip") == "list.txt:1: error: the file is compressed by gzip; unpack it");
  const std::string late = std::string(9000, '\n') + "1 2 1\n" + std::string("\0", 1);
  CHECK(pairs_error(late) == "list.txt:1: error: the file holds bytes 0 from here on, so it is not text");
  CHECK(test::error_of([] { read_template_pictures("/nowhere/list.txt"); }) ==
        "cannot read \"/nowhere/list.txt\": No such file or directory");
}

TEST_CASE("template lists: a detected face has its points and its score") {
  const DetectedFaces list = faces(face + "\n\n2.jpg 1 2 3 4 5 6 7 8 9 -1e1 1.5\n");
  CHECK(list.names == std::vector<std::string>{"1.jpg", "2.jpg"});
  CHECK(list.points[0][0] == 46.060f);
  CHECK(list.points[1] == std::array<float, 10>{1, 2, 3, 4, 5, 6, 7, 8, 9, -10});
  CHECK(list.scores == std::vector<float>{0.999f, 1.5f});
  CHECK(list.lines == std::vector<int64_t>{1, 3});
}

TEST_CASE("template lists: a face without 12 fields, or with one that is not a finite number, is reported") {
  const std::string form = "a face has 12 fields, \"picture x0 y0 x1 y1 x2 y2 x3 y3 x4 y4 score\", and this line has ";
  CHECK(faces_error(face + "\n1.jpg 1 2 3\n") == "list.txt:2: error: " + form + "4 fields");
  CHECK(faces_error(face + " 1\n") == "list.txt:1: error: " + form + "13 fields");
  CHECK(faces_error("1.jpg 1 2 3 nan 5 6 7 8 9 10 0.9\n") == "list.txt:1: error: a coordinate is a finite number, not \"nan\"");
  CHECK(faces_error("1.jpg 1 2 3 4 5 6 7 8 9 1O 0.9\n") == "list.txt:1: error: a coordinate is a finite number, not \"1O\"");
  CHECK(faces_error("1.jpg 1 2 3 4 5 6 7 8 9 10 inf\n") == "list.txt:1: error: a detector score is a finite number, not \"inf\"");
}

TEST_CASE("template lists: lists of other pictures, or of another number of them, are reported") {
  const auto check = [](std::string_view one, std::string_view other) {
    const test::ScratchFolder folder;
    test::write_bytes(folder / "pictures.txt", one);
    test::write_bytes(folder / "list.txt", other);
    return cut(test::error_of([&] {
      check_same_pictures(read_template_pictures(folder / "pictures.txt"), read_detected_faces(folder / "list.txt"), "pictures.txt",
                          folder / "list.txt");
    }));
  };
  CHECK(check("1.jpg 1 1\n", face) == "");
  CHECK(check("\n2.jpg 1 1\n", face) ==
        "list.txt:1: error: this line is of picture \"1.jpg\", and line 2 of \"pictures.txt\" of \"2.jpg\"; both lists have the same "
        "pictures "
        "in one order");
  CHECK(check("1.jpg 1 1\n2.jpg 1 1\n", face) ==
        "list.txt: error: 1 pictures are listed here, and 2 in \"pictures.txt\"; both lists have the same pictures in one order");
}

TEST_CASE("template lists: pairs become positions among the known templates") {
  const TemplatePairs list = pairs("40 1 1\r\n\n3\t 3 0  \n 2 40 0", {40, 2, 1, 3, 1});
  CHECK(list.first == std::vector<uint32_t>{3, 2, 1});
  CHECK(list.second == std::vector<uint32_t>{0, 2, 3});
  CHECK(list.genuine == std::vector<uint8_t>{1, 0, 0});
  const std::vector<int64_t> far{std::numeric_limits<int64_t>::min(), -7, 0, std::numeric_limits<int64_t>::max()};
  const TemplatePairs wide = pairs("-9223372036854775808 9223372036854775807 1\n-7 0000000000000000000000 0", far);
  CHECK(wide.first == std::vector<uint32_t>{0, 1});
  CHECK(wide.second == std::vector<uint32_t>{3, 2});
}

TEST_CASE("template lists: a line that is not a pair is reported, with the first such line of the file") {
  CHECK(pairs_error("1 2 1\n1 5 0\n1 x 0\n") == "list.txt:2: error: template 5 has no picture in \"face_tid_mid.txt\"");
  CHECK(pairs_error("1 2 2\n") == "list.txt:1: error: a pair ends in 1 for one person and in 0 for two, not in 2");
  CHECK(pairs_error("1 2 1.0\n") == "list.txt:1: error: a pair is three whole numbers of 64 bits, and \"1.0\" is not one");
  CHECK(pairs_error("1 2b 1\n") == "list.txt:1: error: a pair is three whole numbers of 64 bits, and \"2b\" is not one");
  CHECK(pairs_error("1 2\n") == "list.txt:1: error: a pair has 3 fields, \"template template 0|1\", and this line has 2");
  CHECK(pairs_error("1\n") == "list.txt:1: error: a pair has 3 fields, \"template template 0|1\", and this line has 1");
  CHECK(pairs_error("1 2 1 1\n") == "list.txt:1: error: a pair has 3 fields, \"template template 0|1\", and this line has more");
  CHECK(pairs_error("99999999999999999999 2 1\n") ==
        "list.txt:1: error: a pair is three whole numbers of 64 bits, and \"99999999999999999999\" is not one");
  std::string many;
  for (int i = 0; i < 400'000; ++i) many += "1 2 0\n\n";  // several parts
  CHECK(pairs_error(many + "1 2 3\n" + many + "x\n") ==
        "list.txt:800001: error: a pair ends in 1 for one person and in 0 for two, not in 3");
}

TEST_CASE("template lists: a long list of pairs is read as one line after the other") {
  Rng rng(key_of("pairs"));
  std::vector<int64_t> known;
  for (int64_t id = 0; id < 500; ++id) known.push_back(7 * id - 1000);
  std::string text;
  std::vector<std::vector<int64_t>> expected;
  for (int i = 0; i < 200'000; ++i) {
    const int64_t a = rng.integer(0, 500), b = rng.integer(0, 500), label = rng.integer(0, 2);
    text += fmt::format("{} {} {}\n", known[static_cast<size_t>(a)], known[static_cast<size_t>(b)], label);
    if (rng.coin(0.01)) text += "\r\n";
    expected.push_back({a, b, label});
  }
  const TemplatePairs list = pairs(text, known);
  REQUIRE(list.first.size() == expected.size());
  size_t equal = 0;
  for (size_t i = 0; i < expected.size(); ++i)
    equal += expected[i] == std::vector<int64_t>{list.first[i], list.second[i], list.genuine[i]} ? 1 : 0;
  CHECK(equal == expected.size());
}

TEST_CASE("template lists: subjects come once a template, with that of its first line") {
  const TemplateSubjects list = subjects("TEMPLATE_ID,SUBJECT_ID,FILENAME\n9,2,img/4.jpg\n\"3\", \"-1\",\"a, b\"\n9,7,img/5.jpg\n40,5\n");
  CHECK(list.templates == std::vector<int64_t>{3, 9, 40});
  CHECK(list.subjects == std::vector<int64_t>{-1, 2, 5});
  CHECK(list.lines == std::vector<int64_t>{3, 2, 5});
}

TEST_CASE("template lists: a list of subjects of another form is reported") {
  CHECK(subjects_error("1,2\n3,4\n") == "list.txt:1: error: the heading is missing: the first line is \"TEMPLATE_ID,SUBJECT_ID,...\"");
  CHECK(subjects_error("T,S\n") == "list.txt:1: error: the list has a heading, and no template");
  CHECK(subjects_error("T,S\n1\n") == "list.txt:2: error: a line has at least 2 fields with a comma between them, \"template,subject\"");
  CHECK(subjects_error("T,S\nx,1\n") == "list.txt:2: error: a template is a whole number of 64 bits, not \"x\"");
  CHECK(subjects_error("T,S\n1,a b\n") == "list.txt:2: error: a subject is a whole number of 64 bits, not \"a b\"");
}

TEST_CASE("template lists: ids are found, close together or far apart") {
  const IdIndex close({5, 3, 3, 9}), far({5, -3, int64_t{1} << 40});
  CHECK(close.ids() == std::vector<int64_t>{3, 5, 9});
  for (const auto& [id, at] : {std::pair(3, 0), {5, 1}, {9, 2}, {4, -1}, {2, -1}, {10, -1}}) CHECK(close.find(id) == at);
  CHECK(far.find(-3) == 0);
  CHECK(far.find(int64_t{1} << 40) == 2);
  CHECK(far.find(0) == -1);
  CHECK(IdIndex().find(0) == -1);
}
