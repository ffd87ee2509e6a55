// Record sets at their edges: headers that were never filled in, labels as large as numbers of persons, other names, other files.
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "formats/face_records.h"
#include "lafs/error.h"
#include "lafs/rng.h"
#include "support/bytes.h"
#include "support/face_set.h"
#include "support/scratch.h"

namespace lafs::test {
namespace {

namespace fs = std::filesystem;

TEST_CASE("face records: a header of zeros is the set with the right header, or without identities its pictures") {
  Rng rng(5);
  int64_t tried = 0, as_plain = 0;
  for (; tried < 60; ++tried) {
    std::vector<Entry> entries;
    uint64_t key = 1;
    std::vector<std::pair<float, float>> ranges;
    for (int64_t person = 0, people = rng.integer(1, 6); person < people; ++person) {
      const auto first = static_cast<float>(key);
      for (int64_t n = rng.integer(person == 0 ? 1 : 0, 5); n > 0; --n) entries.push_back(picture(key++, static_cast<float>(person)));
      ranges.emplace_back(first, static_cast<float>(key));
    }
    const bool identities = tried % 3 != 0;
    std::vector<Entry> pictures = entries;
    const auto begin = static_cast<float>(key);
    for (const auto& [first, end] : ranges) {
      if (identities) entries.push_back(range(key++, first, end));
    }
    std::vector<Entry> good = identities ? entries : pictures;
    if (identities) good.push_back({0, {begin, static_cast<float>(key)}, true, "", 1});
    Entry zeros{0, {0, 0}, true, "", 1};
    entries.insert(rng.coin(0.5) ? entries.end() : entries.begin(), zeros);
    const Set set(entries, "");
    CHECK(listing(set.open()) == listing(Set(good, "").open()));
    CHECK(set.open().style() == (identities ? formats::FaceRecords::Style::range : formats::FaceRecords::Style::plain));
    CHECK(
        set.warnings() ==
        "\"property\" is missing; classes are counted from the labels\n\"train.rec\": record 0, which should say where the identities are, "
        "says 0 to 0" +
            (identities ? fmt::format("; they were found at keys {} to {}\n", begin, key - 1)
                        : ", and there are none, so the set is read as plain\n"));
    as_plain += !identities;
  }
  CHECK(tried == 60);
  CHECK(as_plain == 20);
}

TEST_CASE(
    "face records: labels that the property file does not expect or the format rounds are said, and none is too large by a sentence") {
  CHECK(Set({picture(1, 0), picture(2, 5)}, "3,112,112\n").warnings() ==
        "\"train.rec\": the property file says 3 classes, and labels go up to 5; the labels count\n");
  CHECK(Set({picture(1, 3000000000.0f)}, "").warnings() ==
        "\"property\" is missing; classes are counted from the labels\n\"train.rec\": labels go up to 3000000000, and the format rounds "
        "those "
        "above 16777216 to other whole numbers, so that people with neighbouring numbers may have become one\n");
  CHECK(Set({picture(4, 4294967296.0f)}).refusal() == "key 4: expected a label below 4294967296, found 4294967296");
  CHECK(Set({picture(4, 1e20f)}).refusal() == "key 4: expected a label below 4294967296, found 100000002004087734272");
}

TEST_CASE("face records: names in capitals are found") {
  const Set set(two_people());
  const ScratchFolder folder;
  fs::copy_file(set.file(), folder / "TRAIN.REC");
  fs::copy_file(formats::index_of(set.file()), folder / "TRAIN.IDX");
  fs::copy_file(set.file().parent_path() / "property", folder / "PROPERTY");
  CHECK(formats::record_files(folder.path()) == std::vector<fs::path>{folder / "TRAIN.REC"});
  const formats::FaceRecords records(folder / "TRAIN.REC", {});
  CHECK(listing(records) == listing(set.open()));
  CHECK(records.warnings().empty());
  CHECK(formats::is_record_name("x/a.ReC"));
  CHECK(!formats::is_record_name("x/a.records"));
}

TEST_CASE("face records: a file of another kind says what it is, before its index does") {
  const ScratchFolder folder;
  write_bytes(folder / "train.rec", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 77\n");
  CHECK_THROWS_WITH_AS(
      formats::FaceRecords(folder / "train.rec", {}),
      fmt::format("\"{}\" is a Git LFS pointer, which stands for a file of 77 bytes; run git lfs pull in its repository, or "
                  "download the file itself",
                  (folder / "train.rec").string())
          .c_str(),
      Error);
}

TEST_CASE("face records: records of the file that the index lacks are reported with their bytes") {
  std::vector<Entry> entries;
  for (uint64_t key = 1; key <= 9; ++key) entries.push_back(picture(key, static_cast<float>(key % 3), std::string(100, 'j')));
  const Set set(entries);
  CHECK(set.warnings().empty());
  const fs::path index = fs::path(set.file()).replace_extension(".idx");
  std::istringstream lines(read_bytes(index));
  std::string kept;
  int64_t number = 0;
  for (std::string line; std::getline(lines, line);) kept += number++ % 2 == 0 ? line + "\n" : "";
  write_bytes(index, kept);
  CHECK(set.open().size() == 5);
  CHECK(set.warnings() ==
        "\"train.rec\": 528 of its 1188 bytes belong to no record of the index, so that pictures may be left out; without "
        "\"train.idx\" the index is made from the records\n");
}

}  // namespace
}  // namespace lafs::test
