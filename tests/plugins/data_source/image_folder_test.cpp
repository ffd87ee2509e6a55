#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "lafs/named.h"
#include "materials.h"

using lafs::test::error_of;
using lafs::test::source;
using lafs::test::TempFolder;

namespace {

std::string folder(const TempFolder& root, const std::string& more = "") { return "root = \"" + root.text() + "\"\n" + more; }

/// The error of opening or reading, without the place of the recipe in front.
std::string opening(const std::string& toml) {
  return error_of([&] { source("image_folder", toml); });
}
std::string in_recipe(const std::string& text) { return "inline.toml:1:1: error: data_source \"image_folder\": " + text; }

void fill(const TempFolder& root) {
  root.picture("b/2.pgm", 2);
  root.picture("b/1.PGM", 1);
  root.picture("b/deep/0.pgm", 3);
  root.picture("a-b/1.pgm", 4);
  root.picture("a/1.pgm", 5);
  root.write("a/notes.txt", "no picture");
  root.picture(".hidden/1.pgm", 6);
  root.picture("loose.pgm", 7);
}

}  // namespace

TEST_CASE("image_folder: folders are identities in the order of bytes, files come before deeper folders") {
  const TempFolder root("image_folder_order");
  fill(root);
  const auto data = source("image_folder", folder(root));
  REQUIRE(data->size() == 5);
  CHECK(data->identities() == 3);
  const char* keys[] = {"a/1.pgm", "a-b/1.pgm", "b/1.PGM", "b/2.pgm", "b/deep/0.pgm"};
  const int64_t people[] = {0, 1, 2, 2, 2};
  for (int64_t i = 0; i < 5; ++i) {
    CHECK(data->key(i) == keys[i]);
    CHECK(data->identity(i) == people[i]);
  }
  CHECK(lafs::test::consistent(*data));
  CHECK(lafs::test::same_from_threads(*data, 8));
  CHECK(!data->find("a/2.pgm"));
  CHECK(data->get(0).image.bytes.get()[0] == 5);
}

TEST_CASE("image_folder: a link to a folder above does not hang") {
  const TempFolder root("image_folder_loop");
  root.picture("a/1.pgm", 1);
  std::filesystem::create_directory_symlink(root / "a", root / "a/again");
  CHECK(source("image_folder", folder(root))->size() == 1);
}

TEST_CASE("image_folder: encoded hands out the bytes of the file") {
  const TempFolder root("image_folder_encoded");
  root.picture("a/1.pgm", 9);
  const auto data = source("image_folder", folder(root));
  const auto* encoded = dynamic_cast<const lafs::Encoded*>(data.get());
  REQUIRE(encoded != nullptr);
  const std::vector<uint8_t> bytes = encoded->encoded(0);
  CHECK(std::string(bytes.begin(), bytes.end()) == "P5\n2 2\n255\n" + std::string(4, 9));
}

TEST_CASE("image_folder: a list chooses pictures, their order and their identities") {
  const TempFolder root("image_folder_list");
  fill(root);
  root.write("list.txt", "b/2.pgm\na/1.pgm zoe\r\n\nb/deep/0.pgm\tAnn Lee\n");
  const auto data = source("image_folder", folder(root, "list = \"" + (root / "list.txt") + "\""));
  REQUIRE(data->size() == 3);
  CHECK(data->identities() == 3);
  CHECK(data->key(0) == "b/2.pgm");
  CHECK(data->identity(0) == 1);
  CHECK(data->identity(1) == 2);
  CHECK(data->identity(2) == 0);
  CHECK(lafs::test::consistent(*data));
}

TEST_CASE("image_folder: whole-number labels of a list keep their order, and what changes is noted") {
  const TempFolder root("image_folder_labels");
  std::string list, gap;
  for (int i = 11; i >= 0; --i) {
    const std::string name = "p" + std::to_string(i);
    root.picture(name + "/0.pgm", 1);
    list += name + "/0.pgm\t" + std::to_string(i) + "\n";
    if (i != 7) gap += std::to_string(i) + "\t" + std::to_string(i) + ".000000\t" + name + "/0.pgm\n";
  }
  root.write("list.txt", list);
  root.write("gap.lst", gap);
  const std::string plain = folder(root, "list = \"" + (root / "list.txt") + "\"");
  const auto data = source("image_folder", plain);
  for (int64_t i = 0; i < 12; ++i) CHECK(data->identity(i) == 11 - i);
  CHECK(lafs::test::notes_of("image_folder", plain).empty());
  const std::string with_gap = folder(root, "list = \"" + (root / "gap.lst") + "\"");
  CHECK(source("image_folder", with_gap)->identity(0) == 10);
  CHECK(lafs::identity_name(*source("image_folder", with_gap), 10) == "11.000000");
  CHECK(lafs::test::notes_of("image_folder", with_gap) ==
        std::vector<std::string>{"\"gap.lst\": its lines are MXNet's: number, label, path",
                                 "\"gap.lst\": the labels 0 to 11 are renumbered without gaps, in their order: 8 becomes 7"});
  root.write("list.txt", "p0/0.pgm\t0\np1/0.pgm\t00\n");
  CHECK(opening(plain) ==
        (root / "list.txt") + ": error: the labels \"0\" (line 1) and \"00\" (line 2) are one number; write it in one way");
}

TEST_CASE("image_folder: folders named by numbers whose order is another are noted") {
  const TempFolder root("image_folder_numbers");
  for (const char* name : {"1", "9"}) root.picture(std::string(name) + "/0.pgm", 1);
  CHECK(lafs::test::notes_of("image_folder", folder(root)).empty());
  root.picture("10/0.pgm", 1);
  root.picture("11/0.pgm", 1);
  root.picture("2/0.pgm", 1);
  CHECK(lafs::test::notes_of("image_folder", folder(root)) ==
        std::vector<std::string>{
            "folders are numbered in the order of their bytes: \"2\" is identity 3; a list with labels keeps the order of numbers"});
  root.picture("ann/0.pgm", 1);
  CHECK(lafs::test::notes_of("image_folder", folder(root)).empty());
}

TEST_CASE("image_folder: one picture under two spellings is noted, one folder is one identity") {
  const TempFolder root("image_folder_spellings");
  fill(root);
  const std::string list = root / "list.txt", with_list = folder(root, "list = \"" + list + "\"");
  for (const std::string& again : std::vector<std::string>{"./a/1.pgm", "b/../a/1.pgm", root / "a/1.pgm"}) {
    root.write("list.txt", "a/1.pgm\t0\nb/2.pgm\t1\n" + again + "\t2\n");
    CHECK(
        lafs::test::notes_of("image_folder", with_list) ==
        std::vector<std::string>{"\"list.txt\": pictures that are listed a second time under another spelling of their path: 1, the first "
                                 "is \"" +
                                 again + "\" (line 3)"});
  }
  root.write("list.txt", "./b/2.pgm\nb/1.PGM\n");
  CHECK(source("image_folder", with_list)->identities() == 1);
}

TEST_CASE("image_folder: the fingerprint follows names, labels and sizes, not the root") {
  const TempFolder one("image_folder_print1"), two("image_folder_print2");
  fill(one);
  fill(two);
  const std::string before = source("image_folder", folder(one))->fingerprint();
  CHECK(before.size() == 32);
  CHECK(before == source("image_folder", folder(two))->fingerprint());
  two.write("a/1.pgm", "P5\n1 1\n255\nx");
  CHECK(before != source("image_folder", folder(two))->fingerprint());
  std::filesystem::rename(one / "b/2.pgm", one / "b/3.pgm");
  CHECK(before != source("image_folder", folder(one))->fingerprint());
}

TEST_CASE("image_folder: damaged files are named when read, or left out and reported") {
  const TempFolder root("image_folder_damaged");
  fill(root);
  root.write("b/2.pgm", "P5\n2 2\n255\nab");
  root.write("a/1.pgm", "<html>");
  const auto data = source("image_folder", folder(root));
  CHECK(error_of([&] { data->get(3); }) == "\"" + (root / "b/2.pgm") + "\": truncated PGM: 2 bytes of pixels where 4 are needed");
  CHECK(error_of([&] { data->get(0); }) == "\"" + (root / "a/1.pgm") + "\": is a web page (HTML), not a picture; the download went wrong");
  const auto rest = source("image_folder", folder(root, "on_damaged = \"skip\""));
  CHECK(rest->size() == 3);
  CHECK(rest->identities() == 3);
  CHECK(lafs::test::consistent(*rest));
  const auto* skipping = dynamic_cast<const lafs::Skipping*>(rest.get());
  REQUIRE(skipping != nullptr);
  REQUIRE(skipping->skipped().size() == 2);
  CHECK(skipping->skipped()[1] == "\"" + (root / "b/2.pgm") + "\": truncated PGM: 2 bytes of pixels where 4 are needed");
}

TEST_CASE("image_folder: what is wrong with a folder or a list is reported with its name") {
  const TempFolder root("image_folder_wrong");
  const std::string where = root.text();
  CHECK(opening("root = \"" + where + "/none\"") == in_recipe("the folder \"" + where + "/none\" does not exist"));
  CHECK(opening(folder(root)) == in_recipe("\"" + where + "\" is empty; it should hold a folder of images for each identity"));
  root.picture("loose.pgm", 1);
  CHECK(opening(folder(root)) ==
        in_recipe("\"" + where + "\" holds images but no folders; each identity needs a folder, or a list that names identities"));
  std::filesystem::create_directory(root / "a");
  CHECK(opening(folder(root)) == in_recipe("no folder of \"" + where +
                                           "\" holds a picture; each should hold those of one person; folders without "
                                           "pictures left out: 1, first \"a\""));
  REQUIRE(::mkfifo((root / "a/pipe.png").c_str(), 0600) == 0);
  CHECK(opening(folder(root)) == in_recipe("\"" + where + "/a/pipe.png\" is neither a file nor a folder"));
  std::filesystem::remove(root / "a/pipe.png");
  root.picture("a/1.pgm", 1);
  const std::string list = root / "list.txt", with_list = folder(root, "list = \"" + list + "\"");
  CHECK(opening(with_list) == in_recipe("cannot read \"" + list + "\": No such file or directory"));
  root.write("list.txt", "\n");
  CHECK(opening(with_list) == in_recipe("the list \"" + list + "\" names no images"));
  root.write("list.txt", "a/1.pgm\na/2.pgm\n");
  CHECK(opening(with_list) == list + ":2: error: \"a/2.pgm\" is not in \"" + where + "\"");
  root.write("list.txt", "a/1.pgm\nloose.pgm\n");
  CHECK(opening(with_list) == list + ":2: error: \"loose.pgm\" has no identity and is not in a folder");
  root.write("list.txt", "a/1.pgm\nloose.pgm x\na/1.pgm y\n");
  CHECK(opening(with_list) == list + ":3: error: \"a/1.pgm\" is named a second time");
  root.write("a/1.pgm", "");
  CHECK(opening(folder(root, "on_damaged = \"skip\"")) ==
        in_recipe("every image of \"" + where + "\" is damaged; the first: \"" + where + "/a/1.pgm\": is empty"));
  CHECK(opening("root = \"@data/lfw\"") == in_recipe("the data root \"data\" is not set; give --set paths.data=DIR or set LAFS_DATA"));
}
