#include "formats/landmark_list.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "support/bytes.h"
#include "support/error_of.h"
#include "support/scratch.h"

namespace lafs::test {
namespace {

using formats::ListedFace;
using Numbers = std::vector<float>;

struct Read {
  std::vector<ListedFace> faces;
  formats::LandmarkListForm form;
  std::string error;  ///< with the folder taken away
};

Read read(const std::string& text) {
  const ScratchFolder folder;
  write_bytes(folder / "list.txt", text);
  Read out;
  out.error = error_of([&] {
    out.form = formats::read_landmark_list(folder / "list.txt", [&](ListedFace&& face) { out.faces.push_back(std::move(face)); });
  });
  for (const std::string before = folder.path().string() + "/"; out.error.find(before) != std::string::npos;)
    out.error.erase(out.error.find(before), before.size());
  return out;
}

const Numbers ten{38, 52, 74, 52.5F, 56, 72, 42, 92, 71, 92};
const std::string ten_text = "38 52 74 52.5 56 72 42 92 71 92";

std::string between(const std::string& separator) {
  std::string out = ten_text;
  for (size_t at = out.find(' '); at != std::string::npos; at = out.find(' ', at + separator.size())) out.replace(at, 1, separator);
  return out;
}

TEST_CASE("landmark list: blanks, tabs and commas separate, with quotes, headings and missing ends") {
  for (const std::string& text :
       {"a/1.jpg " + ten_text, "a/1.jpg\t" + between("\t") + "\r\n", "a/1.jpg, " + between(", ") + "\n",
        "\"a/1.jpg\"," + between(",") + "\n", "a/1.jpg\t" + ten_text + "\n",
        "\xef\xbb\xbfimage,x0,y0,x1,y1,x2,y2,x3,y3,x4,y4\na/1.jpg," + between(","),
        "1\nlefteye_x lefteye_y righteye_x righteye_y nose_x nose_y leftmouth_x leftmouth_y rightmouth_x rightmouth_y\na/1.jpg  " +
            ten_text}) {
    CAPTURE(text);
    const Read list = read(text);
    REQUIRE(list.error == "");
    REQUIRE(list.faces.size() == 1);
    CHECK(list.faces[0].picture == "a/1.jpg");
    CHECK(list.faces[0].numbers == ten);
    CHECK(!list.faces[0].box);
    CHECK(list.form.what == "picture, five points");
    CHECK(!list.form.columns);
  }
  CHECK(read("with blanks.jpg\t" + between("\t")).faces[0].picture == "with blanks.jpg");
}

TEST_CASE("landmark list: label, box and score are told apart by their count and by what they are") {
  const std::array<float, 4> box{10, 20, 90, 120};
  struct Case {
    std::string numbers, what;
    bool box;
  };
  for (const Case& c :
       {Case{"7 " + ten_text, "picture, label, five points", false}, Case{ten_text + " 0.99", "picture, five points, score", false},
        Case{"10 20 90 120 " + ten_text, "picture, box, five points", true},
        Case{"10 20 90 120 0.5 " + ten_text, "picture, box, score, five points", true},
        Case{"10 20 90 120 " + ten_text + " 1", "picture, box, five points, score", true},
        Case{"7 10 20 90 120 " + ten_text, "picture, label, box, five points", true},
        Case{"7 10 20 90 120 0.5 " + ten_text, "picture, label, box, score, five points", true},
        Case{"7 10 20 90 120 " + ten_text + " 0.5", "picture, label, box, five points, score", true}}) {
    CAPTURE(c.numbers);
    const Read list = read("1.jpg " + c.numbers + "\n");
    REQUIRE(list.error == "");
    CHECK(list.faces.at(0).numbers == ten);
    CHECK(list.form.what == c.what);
    CHECK(list.faces[0].box.has_value() == c.box);
    if (c.box) CHECK(*list.faces[0].box == box);
  }
}

TEST_CASE("landmark list: 68 points stay as they are") {
  std::string text = "1.jpg";
  for (int i = 0; i < 136; ++i) text += " " + std::to_string(i);
  const Read list = read(text);
  REQUIRE(list.error == "");
  CHECK(list.faces.at(0).numbers.size() == 136);
  CHECK(list.form.what == "picture, 68 points");
}

TEST_CASE("landmark list: InsightFace's lines have a box and columns, or none") {
  const Read list = read("0\ta b/1.jpg\t5\t10\t20\t90\t120\t" + between("\t") + "\n1\tc/2.jpg\t6\n0\tc/3.jpg\t6\t1\t2\t3\t4\n");
  REQUIRE(list.error == "");
  REQUIRE(list.faces.size() == 3);
  CHECK(list.faces[0].picture == "a b/1.jpg");
  CHECK(list.faces[0].numbers == ten);
  CHECK((*list.faces[0].box)[3] == 120);
  CHECK(list.faces[1].numbers.empty());
  CHECK(list.faces[2].numbers.empty());
  CHECK(list.form.columns);
  CHECK(
      read("0\ta.jpg\t5\t10\t20\t90\t120\t" + between("\t") + "\n0\tb.jpg\t5\t1\n").error ==
      "list.txt:2: error: the lines of this list are InsightFace's, \"aligned, path, label, box, x of five points, y of five points\" with "
      "tabs between, and this one is not");
}

TEST_CASE("landmark list: RetinaFace's label.txt has faces below their picture, some without points") {
  const std::string points = "38 52 0.0 74 52.5 1.0 56 72 0.0 42 92 0.0 71 92 0.0", none = "-1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1";
  const Read list =
      read("# 0--Parade/1.jpg\n10 20 30 40 " + points + " 0.8\n1 2 3 4 " + none + " 0.3\n# 2.jpg\n5 6 7 8 " + points + "\n5 6 7 8\n");
  REQUIRE(list.error == "");
  REQUIRE(list.faces.size() == 4);
  CHECK(list.faces[0].picture == "0--Parade/1.jpg");
  CHECK(list.faces[0].numbers == ten);
  CHECK(*list.faces[0].box == std::array<float, 4>{10, 20, 40, 60});
  CHECK(list.faces[1].numbers.empty());
  CHECK(list.faces[2].picture == "2.jpg");
  CHECK(list.faces[3].numbers.empty());
  CHECK(read("# 1.jpg\n1 2 3 4 5\n").error ==
        "list.txt:2: error: the lines of this list are RetinaFace's: below \"# picture\" each face has left, top, width, height, and five "
        "times "
        "x, y and a flag, 19 or 20 numbers, or 4; this line has 5");
}

TEST_CASE("landmark list: a picture without numbers is one where no face was found") {
  const Read list = read("1.jpg " + ten_text + "\n2.jpg\n");
  REQUIRE(list.error == "");
  CHECK(list.faces.at(1).picture == "2.jpg");
  CHECK(list.faces[1].numbers.empty());
}

TEST_CASE("landmark list: a list of another form is refused with its line") {
  CHECK(read("").error == "the list \"list.txt\" names no pictures");
  CHECK(read("1.jpg 1 2 3\n").error ==
        "list.txt:1: error: a face has a picture and 10 numbers, x and y of five points, perhaps with a label, a box of 4 numbers and a "
        "score in "
        "[0, 1]; or 136, x and y of 68 points; this line has 3 numbers");
  CHECK(read("1.jpg 1.5 " + ten_text).error.find("this line has 11 numbers") != std::string::npos);
  CHECK(read("1.jpg " + ten_text + "\n2.jpg 1 " + ten_text).error ==
        "list.txt:2: error: this line has 11 numbers, and the first face, in line 1, has 10");
  CHECK(read("1.jpg 3 " + ten_text + "\n2.jpg 1.5 " + ten_text).error == "list.txt:2: error: a label is a whole number, not \"1.5\"");
  CHECK(read("1.jpg 1 2 3 4 5 6 7 8 9 x\n").error == "list.txt:1: error: \"x\" is not a number");
  CHECK(read("1.jpg 1 2 3 4 5 6 7 8 9 nan\n").error == "list.txt:1: error: a number is finite, not \"nan\"");
  CHECK(read("1.jpg 1 2 3 4 5 6 7 8 9 1e99\n").error == "list.txt:1: error: \"1e99\" is not a number");
}

}  // namespace
}  // namespace lafs::test
