#include "formats/ijb_folder.h"

#include <doctest/doctest.h>

#include "support/bytes.h"
#include "support/error_of.h"
#include "support/scratch.h"

using namespace lafs;
using namespace lafs::formats;

namespace {

struct Layout {
  test::ScratchFolder folder;
  std::filesystem::path root = folder / "IJBC";
  void list(const char* name) const {
    std::filesystem::create_directories(root / "meta");
    test::write_bytes(root / "meta" / name, "");
  }
};

}  // namespace

TEST_CASE("ijb folder: meta/ with pictures or with a list of faces") {
  const Layout layout;
  CHECK_FALSE(is_ijb_folder(layout.root));
  layout.list("notes.txt");
  CHECK_FALSE(is_ijb_folder(layout.root));
  SUBCASE("pictures") { std::filesystem::create_directories(layout.root / "loose_crop"); }
  SUBCASE("a list of faces") { layout.list("own_name_5pts_score.txt"); }
  CHECK(is_ijb_folder(layout.root));
}

TEST_CASE("ijb folder: the one list of a kind") {
  const Layout layout;
  const std::string root = layout.root.string();
  const auto found = [&] { return ijb_list(layout.root, "_face_tid_mid.txt"); };
  CHECK(test::error_of([&] { found(); }) ==
        "\"" + root + "\" is not an IJB folder: it has no folder \"meta\"; it holds loose_crop/ and meta/");
  layout.list("ijbb_name_5pts_score.txt");
  CHECK(test::error_of([&] { found(); }) == "\"" + root + "/meta\" has no list whose name ends in \"_face_tid_mid.txt\"");
  layout.list("ijbb_face_tid_mid.txt");
  CHECK(found().filename() == "ijbb_face_tid_mid.txt");
  layout.list("own_face_tid_mid.txt");
  CHECK(test::error_of([&] { found(); }) ==
        "\"" + root +
            "/meta\" has several lists whose names end in \"_face_tid_mid.txt\", such as \"ijbb_face_tid_mid.txt\" and "
            "\"own_face_tid_mid.txt\"; keep those of one set");
}
