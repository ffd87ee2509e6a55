#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "materials.h"

using lafs::test::error_of;
using lafs::test::source;
using lafs::test::TempFolder;

namespace {

/// Ann 3 pictures, Bob 1, Cid 2, Dee 4.
void fill(const TempFolder& root) {
  const int counts[] = {3, 1, 2, 4};
  const char* names[] = {"Ann", "Bob", "Cid", "Dee"};
  for (int person = 0; person < 4; ++person) {
    for (int i = 0; i < counts[person]; ++i)
      root.picture(std::string(names[person]) + "/" + std::to_string(i) + ".pgm", static_cast<char>(person * 10 + i));
  }
}

std::string of(const TempFolder& root, const std::string& more) {
  return more + "\n[source]\nuse = \"image_folder\"\nroot = \"" + root.text() + "\"\n";
}

std::string keys(const lafs::DataSource& data) {
  std::string all;
  for (int64_t i = 0; i < data.size(); ++i)
    all += data.key(i).substr(0, 1) + data.key(i).substr(4, 1) + "=" + std::to_string(data.identity(i)) + " ";
  return all;
}

std::string opening(const std::string& toml) {
  return error_of([&] { source("subset", toml); });
}
std::string in_recipe(const std::string& text) { return "inline.toml:1:1: error: data_source \"subset\": " + text; }

}  // namespace

TEST_CASE("subset: ranges, counts and fractions keep the order and renumber people") {
  const TempFolder root("subset_rules");
  fill(root);
  const auto kept = [&](const std::string& options) {
    const auto data = source("subset", of(root, options));
    CHECK(lafs::test::consistent(*data));
    return keys(*data);
  };
  CHECK(kept("") == "A0=0 A1=0 A2=0 B0=1 C0=2 C1=2 D0=3 D1=3 D2=3 D3=3 ");
  CHECK(kept("first = 1\ncount = 2") == "B0=0 C0=1 C1=1 ");
  CHECK(kept("first = 2") == "C0=0 C1=0 D0=1 D1=1 D2=1 D3=1 ");
  CHECK(kept("first = 2\ncompact = false") == "C0=2 C1=2 D0=3 D1=3 D2=3 D3=3 ");
  CHECK(kept("per_identity = 1") == "A0=0 B0=1 C0=2 D0=3 ");
  CHECK(kept("min_images = 3") == "A0=0 A1=0 A2=0 D0=1 D1=1 D2=1 D3=1 ");
  CHECK(kept("min_images = 2\nfirst = 1\ncount = 1") == "C0=0 C1=0 ");
  CHECK(kept("fraction = 0.59") == "A0=0 A1=0 A2=0 B0=1 C0=2 ");
  CHECK(kept("fraction = 0.5\nfraction_mode = \"per_identity\"") == "A0=0 B0=1 C0=2 D0=3 D1=3 ");
}

TEST_CASE("subset: a split in the style of LFW chooses people, or leaves them out") {
  const TempFolder root("subset_split");
  fill(root);
  root.write("people/people.txt", "2\n2\nAnn\t3\nNobody\t1\n1\nCid\r\n");
  root.picture("people/x.pgm", 1);
  const std::string split = "split = \"" + (root / "people/people.txt") + "\"\n";
  CHECK(keys(*source("subset", of(root, split))) == "A0=0 A1=0 A2=0 C0=1 C1=1 ");
  const auto others = source("subset", of(root, split + "exclude = true"));
  CHECK(others->size() == 6);
  CHECK(!others->find("Ann/0.pgm"));
  CHECK(others->find("Bob/0.pgm") == 0);
}

TEST_CASE("subset: the fingerprint follows what is chosen") {
  const std::string inner = "\n[source]\nuse = \"synthetic_faces\"\nidentities = 4\nper_identity = 2\n";
  const std::string whole = source("subset", inner)->fingerprint();
  CHECK(whole == source("subset", "count = 4" + inner)->fingerprint());
  CHECK(whole != source("subset", "count = 3" + inner)->fingerprint());
  CHECK(whole != source("subset", "per_identity = 1" + inner)->fingerprint());
  CHECK(whole != source("subset", inner + "seed = 5")->fingerprint());
  CHECK(lafs::test::same_from_threads(*source("subset", "first = 1\ncount = 2" + inner), 8));
}

TEST_CASE("subset: nothing left, and people who are not there, are errors") {
  const TempFolder root("subset_wrong");
  fill(root);
  CHECK(opening(of(root, "first = 3\ncount = 2")) == in_recipe("identities 3 to 4 were requested; there are 4"));
  CHECK(opening(of(root, "first = 9223372036854775807\ncount = 9223372036854775807")) ==
        in_recipe("identities 9223372036854775807 to 18446744073709551613 were requested; there are 4"));
  CHECK(opening(of(root, "first = 4")) == in_recipe("identities 4 to 4 were requested; there are 4"));
  CHECK(opening(of(root, "min_images = 5")) == in_recipe("no identity is left of 4"));
  CHECK(opening(of(root, "fraction = 0.01")) == in_recipe("fraction = 0.01 leaves no picture"));
  CHECK(opening(of(root, "exclude = true")) == in_recipe("exclude needs a split that names the people to leave out"));
  const std::string list = root / "list.txt", split = "split = \"" + list + "\"";
  CHECK(opening(of(root, split)) == in_recipe("the split \"" + list + "\" cannot be read"));
  root.write("list.txt", "12\n");
  CHECK(opening(of(root, split)) == in_recipe("the split \"" + list + "\" names nobody"));
  root.write("list.txt", "Eve\n");
  CHECK(opening(of(root, split)) == in_recipe("the split \"" + list + "\" names nobody who is in the source"));
  CHECK(opening(of(root, "split = \"@data/people.txt\"")) ==
        in_recipe("the data root \"data\" is not set; give --set paths.data=DIR or set LAFS_DATA"));
}
