#include "formats/picture_list.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
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

/// A folder of empty files, and lists of them.
struct Faces {
  test::ScratchFolder folder;
  std::vector<std::string> notes;

  explicit Faces(const std::vector<std::string>& files) {
    for (const std::string& file : files) {
      std::filesystem::create_directories((folder / "faces" / file).parent_path());
      test::write_bytes(folder / "faces" / file, "");
    }
  }
  std::vector<ListedPicture> pictures(const std::string& list) {
    std::vector<ListedPicture> all;
    test::write_bytes(folder / "list.txt", list);
    notes = read_picture_list(folder / "list.txt", folder / "faces", [&](const ListedPicture& picture) { all.push_back(picture); });
    return all;
  }
  std::string read(const std::string& list) {
    std::string all;
    for (const ListedPicture& picture : pictures(list)) all += fmt::format("{}={} ", picture.path, picture.label);
    return all;
  }
  /// The error, the folder left out.
  std::string refusal(const std::string& list) {
    std::string error = test::error_of([&] { pictures(list); });
    for (size_t at; (at = error.find(folder.path().string() + "/")) != std::string::npos;)
      error.erase(at, folder.path().string().size() + 1);
    return error;
  }
};

}  // namespace

TEST_CASE("picture list: paths with and without labels, in plain lines") {
  Faces faces({"a/1.jpg", "a/2.jpg", "b c/my photo 1.jpg", "d"});
  CHECK(faces.read("a/1.jpg\t0\na/2.jpg 7\na/1.jpg   Ann Lee\na/1.jpg\n") == "a/1.jpg=0 a/2.jpg=7 a/1.jpg=Ann Lee a/1.jpg= ");
  CHECK(faces.notes.empty());
  CHECK(faces.read("b c/my photo 1.jpg\nb c/my photo 1.jpg 3\nb c/my photo 1.jpg \t 3\n") ==
        "b c/my photo 1.jpg= b c/my photo 1.jpg=3 b c/my photo 1.jpg=3 ");
  CHECK(faces.read("d 5\n./a/1.jpg\t5\tmore\n") == "d=5 ./a/1.jpg=5\tmore ");
  CHECK(faces.pictures("\r\n\r\na/1.jpg\r\n")[0].line == 3);
}

TEST_CASE("picture list: the .lst files of MXNet and InsightFace are read, and what is not used is reported") {
  Faces faces({"a/1.jpg", "a/2.jpg", "b c/my photo 1.jpg"});
  CHECK(faces.read("0\t4.000000\ta/1.jpg\n9\t5.000000\tb c/my photo 1.jpg\n") == "a/1.jpg=4.000000 b c/my photo 1.jpg=5.000000 ");
  CHECK(faces.notes == std::vector<std::string>{"its lines are MXNet's: number, label, path"});
  CHECK(faces.read("3 1 a/1.jpg\n4 0 a/2.jpg\n") == "a/1.jpg=1 a/2.jpg=0 ");
  CHECK(faces.read("0\t4\t0.5\t-1e3\ta/1.jpg\n1\t5\ta/2.jpg\n") == "a/1.jpg=4 a/2.jpg=5 ");
  CHECK(faces.notes[1] == "lines have up to 3 labels: the first is the person's, the others are not used");
  CHECK(faces.read("1\ta/1.jpg\t0\n1\tb c/my photo 1.jpg\t12\n") == "a/1.jpg=0 b c/my photo 1.jpg=12 ");
  CHECK(faces.notes == std::vector<std::string>{"its lines are InsightFace's: aligned, path, label"});
  CHECK(faces.read("0\ta/1.jpg\t0\t1\t2\t3\t4\n1\ta/2.jpg\t1\n") == "a/1.jpg=0 a/2.jpg=1 ");
  CHECK(faces.notes[1] == "pictures that the list calls not aligned: 1; they are used as they are");
  CHECK(faces.notes[2] == "boxes and landmarks of 1 pictures are not used");
  const std::string absolute = (faces.folder / "faces/a/1.jpg").string();
  CHECK(faces.read("1\t" + absolute + "\t0\n") == absolute + "=0 ");
}

TEST_CASE("picture list: what a line lacks, and why a picture is missing, is reported") {
  Faces faces({"a/1.jpg", "a/2.jpg", "a/photo.jpg", "Jos\u00e9/1.jpg", "x y/1.jpg", "x"});
  const std::string one = "list.txt:1: error: ", in = " is not in \"faces\"";
  CHECK(faces.refusal("") == "the list \"list.txt\" names no images");
  CHECK(faces.refusal("a/phtoo.jpg 1\n") == one + "\"a/phtoo.jpg\"" + in + "; did you mean \"photo.jpg\"?");
  CHECK(faces.refusal("a/Photo.jpg\n") == one + "\"a/Photo.jpg\"" + in + "; did you mean \"photo.jpg\"? capital and small letters differ");
  CHECK(
      faces.refusal("Jose\u0301/1.jpg\t0\n") ==
      one + "\"Jose\u0301/1.jpg\"" + in +
          "; \"Jos\u00e9\" is there, in another Unicode form: write accents in the list as the data has them, in one character with their "
          "letter (NFC)");
  CHECK(faces.refusal("a/1.jpg,0\n") ==
        one + "\"a/1.jpg,0\"" + in + "; \"a/1.jpg\" is there: separate what follows it with a tab, not with \",\"");
  CHECK(faces.refusal("a\\1.jpg\t0\n") == one + "\"a\\1.jpg\"" + in + "; \"a/1.jpg\" is there: write folders with \"/\"");
  CHECK(faces.refusal("faces/a/1.jpg 0\n") ==
        one + "\"faces/a/1.jpg\"" + in + "; \"a/1.jpg\" is there: write it without the folders before it");
  CHECK(faces.refusal("# train\na/1.jpg 0\n") == one + "\"# train\"" + in + "; a list has no comments: remove the line");
  CHECK(faces.refusal("a/1.jpg 0\na/9.jpg\n") == "list.txt:2: error: \"a/9.jpg\"" + in);
  CHECK(faces.refusal("a\t0\n") == one + "\"a\"" + in + "; it is a folder");
  const std::string heading = "; if this is a heading, remove it: a list of pictures has none";
  CHECK(faces.refusal("0\t1\ta/9.jpg\n") == one + "\"a/9.jpg\"" + in);
  CHECK(faces.refusal("path label\na/1.jpg 0\n") == one + "\"path label\"" + in + heading);
  CHECK(faces.refusal("\x1b[1mx\n") == one + "\"\\x1b[1mx\"" + in + heading);
  CHECK(faces.refusal("x y/1.jpg\n") == one + "\"x\" and \"x y/1.jpg\" are both there: write a tab between path and label");
  CHECK(
      faces.refusal("0\tzoe\ta/1.jpg\n") ==
      one +
          "the picture \"a/1.jpg\" is field 3 of 3; write \"path, label\", or MXNet's \"number, label, path\", with tabs between and whole "
          "numbers as labels");
  CHECK(faces.refusal("0\t1\ta/1.jpg\na/2.jpg\t1\n") ==
        "list.txt:2: error: the lines of this list are MXNet's, \"number, label, path\" with tabs between, and this one is not");
  CHECK(faces.refusal("1\ta/1.jpg\t0\na/2.jpg\t1\n") ==
        "list.txt:2: error: the lines of this list are InsightFace's, \"aligned, path, label\" with tabs between, and this one is not");
  CHECK(faces.refusal("0\t1.5\ta/1.jpg\n") == one + "the label of a person is a whole number in this form, not \"1.5\"");
}

TEST_CASE("picture list: whole-number labels keep their order as numbers, and a change is reported") {
  const auto numbered = [](const std::vector<std::string>& labels, bool folders = false) {
    return number_labels(labels, std::vector<int64_t>(labels.size(), 1), folders);
  };
  CHECK(numbered({"10", "2", "0", "1"}).names == std::vector<std::string>{"0", "1", "2", "10"});
  CHECK(numbered({"10", "2", "0", "1"}).number == std::vector<int64_t>{3, 2, 0, 1});
  CHECK(numbered({"10", "2", "0", "1"}).change == "the labels 0 to 10 are renumbered without gaps, in their order: 10 becomes 3");
  CHECK(numbered({"1.000000", "0.000000"}).change.empty());
  CHECK(numbered({"-1", "0"}).change == "the labels -1 to 0 are renumbered without gaps, in their order: -1 becomes 0");
  CHECK(numbered({"10", "2", "zoe"}).names == std::vector<std::string>{"10", "2", "zoe"});
  CHECK(numbered({"10", "2", "zoe"}).change.empty());
  CHECK(numbered({"10", "9"}, true).names == std::vector<std::string>{"10", "9"});
  CHECK(test::error_of([&] { number_labels({"0", "00", "1"}, {1, 2, 3}, false); }) ==
        "the labels \"0\" (line 1) and \"00\" (line 2) are one number; write it in one way");
  CHECK(test::error_of([&] { number_labels({"1.0", "0", "1"}, {4, 2, 9}, false); }) ==
        "the labels \"1.0\" (line 4) and \"1\" (line 9) are one number; write it in one way");
}

TEST_CASE("picture list: generated lists of every form name the pictures and labels that were written") {
  int wrong = 0;
  const int lists = 150;
  for (int n = 0; n < lists; ++n) {
    test::TextMaker make(static_cast<uint64_t>(n));
    std::vector<std::string> files;
    for (const std::string& folder : make.names(3, true))
      for (const std::string& name : make.names(2, true)) files.push_back(folder + "/" + name + ".jpg");
    Faces faces(files);
    const int form = static_cast<int>(make.number(0, 5));
    std::vector<std::string> lines;
    std::string expected;
    for (size_t i = 0; i < files.size(); ++i) {
      const std::string label = form == 0 ? "" : fmt::format("{}", make.number(0, 200));
      expected += fmt::format("{}={}{} ", files[i], label, form == 3 ? ".000000" : "");
      const char* const forms[] = {"{1}", "{1}\t{2}", "{1} {2}", "{0}\t{2}.000000\t{1}", "1\t{1}\t{2}"};
      lines.push_back(fmt::format(fmt::runtime(forms[form]), i, files[i], label));
    }
    wrong += faces.read(make.file_of(lines)) == expected ? 0 : 1;
  }
  MESSAGE("read " << lists << " generated lists of pictures");
  CHECK(wrong == 0);
}

TEST_CASE("picture list: paths that lie in one place are one path") {
  CHECK(plain_path("./a/1.jpg", "/r") == "a/1.jpg");
  CHECK(plain_path("b/../a//1.jpg", "/r") == "a/1.jpg");
  CHECK(plain_path("/r/a/1.jpg", "/r") == "a/1.jpg");
  CHECK(plain_path("/s/a/1.jpg", "/r") == "/s/a/1.jpg");
  CHECK(plain_path("a/1.jpg", "/r") == "a/1.jpg");
}
