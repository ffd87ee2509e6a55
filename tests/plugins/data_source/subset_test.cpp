#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "materials.h"
#include "support/generated_text.h"

using lafs::test::error_of;
using lafs::test::notes_of;
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
  CHECK(kept("skip_per_identity = 1") == "A1=0 A2=0 C1=1 D1=2 D2=2 D3=2 ");
  CHECK(kept("skip_per_identity = 1\nper_identity = 1") == "A1=0 C1=1 D1=2 ");
  CHECK(kept("skip_per_identity = 2\nmin_images = 3\nfraction_mode = \"per_identity\"\nfraction = 0.5") == "A2=0 D2=1 ");
  CHECK(opening(of(root, "skip_per_identity = 4")) == in_recipe("skip_per_identity = 4 leaves no picture"));
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
  const std::string split = "missing = \"skip\"\nsplit = \"" + (root / "people/people.txt") + "\"\n";
  CHECK(notes_of("subset", of(root, split)).back() ==
        "\"" + (root / "people/people.txt") + "\": 1 of 3 names is not in the source, the first is \"Nobody\", and skipped");
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
  CHECK(opening(of(root, split)) == in_recipe("cannot read \"" + list + "\": No such file or directory"));
  root.write("list.txt", "\n");
  CHECK(opening(of(root, split)) == in_recipe("the list \"" + list + "\" names nobody"));
  root.write("list.txt", "Eve\n");
  CHECK(opening(of(root, split + "\nmissing = \"skip\"")) == in_recipe("the split \"" + list + "\" names nobody who is in the source"));
  CHECK(opening(of(root, "split = \"@data/people.txt\"")) ==
        in_recipe("the data root \"data\" is not set; give --set paths.data=DIR or set LAFS_DATA"));
}

TEST_CASE("subset: people who are not found are counted, and the first is named with the likely cause") {
  const TempFolder root("subset_missing");
  for (const char* person : {"Ana Lopez", "Jos\u00e9", "Bob", "00017", "train"}) root.picture(std::string(person) + "/0.pgm", 1);
  const std::string list = root / "list.txt";
  const auto refusal = [&](const std::string& text) {
    root.write("list.txt", text);
    const std::string error = opening(of(root, "exclude = true\nsplit = \"" + list + "\"")), front = list + ":";
    REQUIRE(error.starts_with(front));
    return error.substr(front.size());
  };
  const std::string end = "; correct the list, or set missing = \"skip\" to go on without them";
  const auto one = [&](const std::string& name) { return "2: error: 1 of 2 names is not in the source, the first is \"" + name + "\""; };
  CHECK(refusal("Bob\nJso\u00e9\n") == one("Jso\u00e9") + "; did you mean \"Jos\u00e9\"?" + end);
  CHECK(refusal("Bob\nBOB\n") == one("BOB") + "; did you mean \"Bob\"? capital and small letters differ" + end);
  CHECK(refusal("Bob\nJose\u0301\n") ==
        one("Jose\u0301") +
            "; \"Jos\u00e9\" is there, in another Unicode form: write accents in the list as the data has them, in one character "
            "with their letter (NFC)" +
            end);
  CHECK(refusal("Bob\nfaces/Jos\u00e9\n") ==
        one("faces/Jos\u00e9") + "; \"Jos\u00e9\" is there: write it without the folders before it" + end);
  CHECK(refusal("Bob\nBob,3\n") == one("Bob,3") + "; \"Bob\" is there: separate what follows it with a tab, not with \",\"" + end);
  CHECK(refusal("Bob\n17\n") == one("17") + "; did you mean \"00017\"? the zeros before a number count" + end);
  CHECK(refusal("Bob\n# test\n") == one("# test") + "; a list has no comments: remove the line" + end);
  CHECK(
      refusal("2\nBob\n") ==
      "1: error: 1 of 2 names is not in the source, the first is \"2\"; if this is a heading, remove it: only above names with numbers of "
      "pictures, as in LFW's lists, there may be one" +
          end);
  CHECK(refusal("3\nBob\t1\nJos\u00e9\t1\n") ==
        "1: error: the heading announces 3 people, and 2 follow; correct it, or remove all headings");
  CHECK(refusal("Nobody\nBob\nQuentin\nNobody\n") == "1: error: 2 of 4 names are not in the source, the first is \"Nobody\"" + end);
}

TEST_CASE("subset: people are found by folder, by the label of a list, and by number where a source knows no names") {
  const TempFolder root("subset_names");
  fill(root);
  root.write("labels.txt", "Ann/0.pgm\t5\nBob/0.pgm\t7\n");
  root.write("people.txt", "7\n");
  const std::string split = "split = \"" + (root / "people.txt") + "\"";
  const std::string listed = of(root, split) + "list = \"" + (root / "labels.txt") + "\"\n";
  CHECK(keys(*source("subset", listed)) == "B0=0 ");
  root.write("people.txt", "Ann\n");
  CHECK(keys(*source("subset", listed)) == "A0=0 ");
  root.write("people.txt", "1\n3\n");
  const auto drawn = source("subset", split + "\n[source]\nuse = \"synthetic_faces\"\nidentities = 4\nper_identity = 1\n");
  REQUIRE(drawn->size() == 2);
  CHECK(drawn->key(0) == "identity 1 picture 0");
  CHECK(drawn->key(1) == "identity 3 picture 0");
}

TEST_CASE("subset: of generated people and lists, exactly those are kept or left out who are named") {
  int wrong = 0, lists = 0;
  for (uint64_t n = 0; n < 60; ++n) {
    lafs::test::TextMaker make(n);
    const TempFolder root("subset_generated");
    const std::vector<std::string> people = make.names(8, true, true);
    std::vector<std::string> lines;
    std::set<std::string> named;
    const bool counts = make.coin(), heading = counts && make.coin();
    for (const std::string& person : people) {
      root.picture("faces/" + person + "/0.pgm", 1);
      if (!named.empty() && make.coin()) continue;
      named.insert(person);
      lines.push_back(counts ? person + "\t1" : person);
    }
    if (heading) lines.insert(lines.begin(), std::to_string(lines.size()));
    root.write("list.txt", make.file_of(lines));
    for (const bool exclude : {false, true}) {
      if (exclude && named.size() == people.size()) continue;
      ++lists;
      const auto data = source("subset", "exclude = " + std::string(exclude ? "true" : "false") + "\nsplit = \"" + (root / "list.txt") +
                                             "\"\n[source]\nuse = \"image_folder\"\nroot = \"" + (root / "faces") + "\"\n");
      std::set<std::string> kept, expected;
      for (int64_t i = 0; i < data->size(); ++i) kept.insert(data->key(i).substr(0, data->key(i).find('/')));
      for (const std::string& person : people)
        if (named.contains(person) != exclude) expected.insert(person);
      wrong += kept == expected ? 0 : 1;
    }
  }
  MESSAGE("chose people by " << lists << " generated lists");
  CHECK(wrong == 0);
}

TEST_CASE("subset: random pictures by a seed, in the order of the source, fewer being a part of more") {
  const TempFolder root("subset_random");
  fill(root);
  const auto kept = [&](const std::string& options) {
    const auto data = source("subset", of(root, options + "\npick = \"random\""));
    CHECK(lafs::test::consistent(*data));
    std::set<std::string> names;
    for (int64_t i = 0; i < data->size(); ++i) names.insert(data->key(i));
    CHECK(static_cast<int64_t>(names.size()) == data->size());
    return names;
  };
  const auto within = [](const std::set<std::string>& few, const std::set<std::string>& many) {
    return std::includes(many.begin(), many.end(), few.begin(), few.end());
  };
  std::set<std::set<std::string>> different;
  std::set<std::string> first_of_dee;
  for (int seed = 1; seed <= 40; ++seed) {
    const std::string with = "\nseed = " + std::to_string(seed);
    const auto one = kept("per_identity = 1" + with), two = kept("per_identity = 2" + with);
    CHECK(one.size() == 4);
    CHECK(two.size() == 7);
    CHECK(within(one, two));
    CHECK(one == kept("per_identity = 1" + with));
    different.insert(one);
    for (const std::string& name : one)
      if (name.starts_with("Dee")) first_of_dee.insert(name);
    const auto some = kept("fraction = 0.3" + with), more = kept("fraction = 0.7" + with);
    CHECK(some.size() == 3);
    CHECK(more.size() == 7);
    CHECK(within(some, more));
  }
  CHECK(different.size() > 8);      // of 3 x 1 x 2 x 4 = 24 choices
  CHECK(first_of_dee.size() == 4);  // each picture is chosen by some seed
}

TEST_CASE("subset: random choices that choose nothing are errors") {
  const TempFolder root("subset_random_errors");
  fill(root);
  CHECK(opening(of(root, "pick = \"random\"")) ==
        in_recipe("pick = \"random\" has no effect without per_identity, skip_per_identity or fraction: every picture is kept"));
  CHECK(opening(of(root, "per_identity = 1\nseed = 3")) == in_recipe("seed = 3 has no effect without pick = \"random\""));
}

TEST_CASE("subset: what is skipped and what is taken are the whole, also at random") {
  const TempFolder root("subset_skip");
  fill(root);
  for (const char* pick : {"", "pick = \"random\"\nseed = 5\n"}) {
    const auto pictures = [&](const std::string& options) {
      const auto data = source("subset", of(root, pick + options + "\nmin_images = 3"));
      std::set<std::string> all;
      for (int64_t i = 0; i < data->size(); ++i) all.insert(data->key(i));
      return all;
    };
    const auto first = pictures("per_identity = 2"), rest = pictures("skip_per_identity = 2");
    CHECK(first.size() == 4);
    CHECK(rest.size() == 3);
    for (const std::string& key : rest) CHECK_FALSE(first.contains(key));
  }
}
