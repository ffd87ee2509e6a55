#include "formats/megaface.h"

#include <doctest/doctest.h>

#include "lafs/error.h"
#include "support/bytes.h"
#include "support/error_of.h"
#include "support/scratch.h"

using namespace lafs;
using namespace lafs::formats;

namespace {

using Names = std::set<std::string>;

struct Noise {
  test::ScratchFolder folder;
  std::filesystem::path list = folder / "noise.txt";
  std::filesystem::path with(std::string_view text) const {
    test::write_bytes(list, text);
    return list;
  }
};

}  // namespace

TEST_CASE("megaface: a file that holds no features is refused with the reason") {
  const test::ScratchFolder folder;
  const auto refusal = [&](const std::string& hex) {
    test::write_bytes(folder / "a.bin", test::from_hex(hex));
    return test::error_of([&] { read_megaface_feature(folder / "a.bin"); });
  };
  const std::string file = "\"" + (folder / "a.bin").string() + "\"", front = file + " is not a feature file of MegaFace: ";
  CHECK(refusal("0100") == front + "it has 2 bytes, and the header alone has 16");
  CHECK(refusal("01000000020000000400000005000000"
                "0000803f") == front + "it has 2 columns, expected 1");
  CHECK(refusal("01000000010000000800000006000000"
                "0000803f") == front + "its rows have 8 bytes of type 6, expected 4 of type 5");
  CHECK(refusal("02000000010000000400000005000000"
                "0000803f") == front + "its header says 2 rows, and it has 20 bytes");
  CHECK(refusal("ffffffff010000000400000005000000"
                "0000803f") == front + "its header says 4294967295 rows, and it has 20 bytes");
  CHECK(refusal("00000000010000000400000005000000") == front + "its header says 0 rows, and it has 16 bytes");
  CHECK(refusal("01000000010000000400000005000000"
                "0000807f") == "row 0 of " + file + " is not finite");
  CHECK(refusal("01000000010000000400000005000000"
                "0000803f") == "");
}

TEST_CASE("megaface: features of a folder are found by their ending, in the order of their paths") {
  const test::ScratchFolder folder;
  std::filesystem::create_directories(folder / "b/c");
  for (const char* name : {"b/c/2_x.bin", "b/c/1_x.bin", "a_x.bin", "b/other.bin"})
    write_megaface_feature(folder / name, std::vector<float>{1});
  CHECK(megaface_features(folder.path(), "_x.bin") == std::vector<std::string>{"a_x.bin", "b/c/1_x.bin", "b/c/2_x.bin"});
  CHECK(test::error_of([&] { megaface_features(folder.path(), "_y.bin"); }) ==
        "\"" + folder.path().string() + "\" has no file whose name ends in \"_y.bin\"");
  CHECK(test::error_of([&] { megaface_features(folder / "gone", "_y.bin"); }) ==
        "cannot list \"" + (folder / "gone").string() + "\": No such file or directory");
}

TEST_CASE("megaface: lists of noise hold file names, or paths in the second field") {
  const Noise noise;
  CHECK(read_facescrub_noise(noise.with("# a comment\nAda_B_12.png\n\nCy_1.jpg\n")) == Names{"Ada_B_12.png", "Cy_1.jpg"});
  CHECK(read_distractor_noise(noise.with("#x\n17\tMegaFace/1/2/a.jpg\n3/4/b.jpg\n")) == Names{"1/2/a.jpg", "3/4/b.jpg"});
  CHECK(test::error_of([&] { read_facescrub_noise(noise.with("a_1.png\nb/c_1.png\n")); }) ==
        noise.list.string() + ":2: error: \"b/c_1.png\" is not the file name of a picture");
  CHECK(test::error_of([&] { read_facescrub_noise(noise.with("Ada.png\n")); }) ==
        noise.list.string() + ":1: error: \"Ada.png\" names no person: a picture of FaceScrub is called NAME_NUMBER");
  CHECK(test::error_of([&] { read_distractor_noise(noise.with("5\tb.jpg\n")); }) ==
        noise.list.string() + ":1: error: \"b.jpg\" is not the path of a distractor, FOLDER/FOLDER/FILE");
}

TEST_CASE("megaface: the person stands before the last underscore, and the end of a path has so many parts") {
  CHECK(facescrub_person("Aaron_Eckhart_1.png") == "Aaron_Eckhart");
  CHECK(last_parts("a/b/c/d.jpg", 2) == "c/d.jpg");
  CHECK(last_parts("c/d.jpg", 3) == "c/d.jpg");
  CHECK(last_parts("/d.jpg", 1) == "d.jpg");
}
