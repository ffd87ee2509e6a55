#include "formats/recordio.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "lafs/error.h"
#include "support/bytes.h"
#include "support/generated_text.h"
#include "support/scratch.h"

namespace lafs::test {
namespace {

using Bytes = std::vector<uint8_t>;

const std::filesystem::path vectors = std::filesystem::path(LAFS_TEST_GOLDEN) / "vectors";
const std::string magic = from_hex("0a23d7ce");

std::string text(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }
Bytes bytes(std::string_view text) { return {text.begin(), text.end()}; }

std::string part(uint32_t kind, std::string_view data) {
  const uint32_t word = kind << 29 | static_cast<uint32_t>(data.size());
  std::string out = magic;
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(word >> shift);
  out += data;
  while (out.size() % 4 != 0) out += '\0';
  return out;
}

/// Records of a file of these bytes, or the error without the name of the file.
std::string refusal(const std::string& content, uint64_t offset = 0) {
  const ScratchFolder folder;
  write_bytes(folder / "x.rec", content);
  try {
    const formats::RecordFile file(folder / "x.rec");
    Bytes payload;
    do offset = file.read(offset, payload);
    while (offset < file.size());
  } catch (const Error& error) {
    const std::string what = error.what(), name = "\"" + (folder / "x.rec").string() + "\": ";
    return what.starts_with(name) ? what.substr(name.size()) : "no name: " + what;
  }
  return "no error";
}

std::string index_refusal(const std::string& lines) {
  const ScratchFolder folder;
  write_bytes(folder / "x.idx", lines);
  try {
    formats::RecordIndex::read(folder / "x.idx", 400);
  } catch (const Error& error) {
    return std::string(error.what()).substr(folder.path().string().size() + 1);
  }
  return "no error";
}

TEST_CASE("recordio: what the writer splits comes back joined") {
  const ScratchFolder folder;
  std::vector<std::string> records{"",
                                   "a",
                                   magic,
                                   magic + magic + magic,
                                   "ab" + magic,
                                   "abcd" + magic + "e",
                                   std::string(3, '\0') + magic,
                                   std::string(100000, 'x') + magic};
  {
    formats::RecordWriter writer(folder / "x.rec");
    for (size_t i = 0; i < records.size(); ++i) writer.write(100 - i, bytes(records[i]));
    CHECK(!std::filesystem::exists(folder / "x.rec"));
    writer.finish();
    CHECK(writer.size() == std::filesystem::file_size(folder / "x.rec"));
  }
  const formats::RecordFile file(folder / "x.rec");
  const formats::RecordIndex index = formats::RecordIndex::read(folder / "x.idx", file.size());
  REQUIRE(index.size() == static_cast<int64_t>(records.size()));
  for (size_t i = 0; i < records.size(); ++i) {
    CHECK(index.key(static_cast<int64_t>(i)) == 100 - i);
    Bytes payload;
    file.read(index.offset(index.at(100 - i)), payload);
    CHECK(text(payload) == records[i]);
  }
}

TEST_CASE("recordio: a writer that is not finished leaves nothing") {
  const ScratchFolder folder;
  {
    formats::RecordWriter(folder / "x.rec").write(0, bytes("abc"));
  }
  CHECK(std::filesystem::is_empty(folder.path()));
  formats::RecordWriter writer(folder / "x.rec");
  CHECK_THROWS_WITH_AS(
      writer.write(3, Bytes(size_t{1} << 29)),
      fmt::format("record 3 of \"{}\" has 536870912 bytes; below 536870912 are allowed", (folder / "x.rec").string()).c_str(), Error);
}

TEST_CASE("recordio: malformed records are reported with offset, expected and found") {
  const std::string good = part(0, "abc");
  CHECK(refusal("") == "byte 0: expected a record, found the end of the file at 0");
  CHECK(refusal(good + "abcdefgh") == "byte 12: expected the magic number 0xced7230a of a record, found 0x64636261");
  CHECK(refusal(good, 4) == "byte 4: expected the magic number 0xced7230a of a record, found 0x00000003");
  CHECK(refusal(good + magic) == "byte 12: truncated record header: expected 8 bytes, found 4");
  CHECK(refusal(good.substr(0, 10)) == "byte 0: truncated record: expected 3 bytes, found 2");
  CHECK(refusal(good + magic + std::string("\xff\xff\xff\x1f", 4)) == "byte 12: truncated record: expected 536870911 bytes, found 0");
  CHECK(refusal(part(2, "abc")) == "byte 0: expected the start of a record, found a part of kind 2 without its first part");
  CHECK(refusal(part(3, "abc")) == "byte 0: expected the start of a record, found a part of kind 3 without its first part");
  CHECK(refusal(part(4, "")) == "byte 0: expected a part of kind 0 to 3, found kind 4");
  CHECK(refusal(part(1, "abcd") + part(7, "")) == "byte 12: expected a part of kind 0 to 3, found kind 7");
  CHECK(refusal(part(1, "abcd") + good) == "byte 12: expected a part of kind 2 or 3 of the record at byte 0, found kind 0");
  CHECK(refusal(good + part(1, "abcd") + part(1, "")) == "byte 24: expected a part of kind 2 or 3 of the record at byte 12, found kind 1");
  CHECK(refusal(part(1, "abcd") + part(2, "abcd")) == "byte 0: the file ends inside this split record");
  CHECK(refusal(part(1, "abcd") + magic) == "byte 12: truncated record header: expected 8 bytes, found 4");
  CHECK_THROWS_WITH_AS(formats::RecordFile("/nowhere.rec"), "\"/nowhere.rec\" cannot be read: No such file or directory", Error);
  CHECK_THROWS_WITH_AS(formats::RecordFile("/tmp"), "\"/tmp\" cannot be read: Is a directory", Error);
}

TEST_CASE("recordio: a split record above 2^29 bytes is refused before it is held") {
  const ScratchFolder folder;
  // Two halves with a hole in each: large on paper, small on the disk.
  const uint32_t half = (uint32_t{1} << 28);
  const auto head = [&](uint32_t kind) {
    return part(kind, "").substr(0, 4) + std::string("\0\0\0", 3) + static_cast<char>(kind << 5 | 0x10);
  };
  write_bytes(folder / "x.rec", head(1));
  std::filesystem::resize_file(folder / "x.rec", 8 + half);
  std::ofstream(folder / "x.rec", std::ios::binary | std::ios::app) << head(3);
  std::filesystem::resize_file(folder / "x.rec", 2 * (8 + uint64_t{half}));
  Bytes payload;
  const std::string name = (folder / "x.rec").string();
  CHECK_THROWS_WITH_AS(formats::RecordFile(folder / "x.rec").read(0, payload, 0),
                       fmt::format("\"{}\": byte 0: expected a split record below 536870912 bytes, found more", name).c_str(), Error);
}

TEST_CASE("recordio: non-zero padding, and a last record without it, are accepted") {
  const ScratchFolder folder;
  std::string content = part(0, "abc") + part(0, "de");
  content[11] = 'x';
  content.resize(content.size() - 2);
  write_bytes(folder / "x.rec", content);
  const formats::RecordFile file(folder / "x.rec");
  Bytes payload;
  CHECK(file.read(0, payload) == 12);
  CHECK(text(payload) == "abc");
  CHECK(file.read(12, payload) == content.size());
  CHECK(text(payload) == "de");
  CHECK(file.ends_without_padding());
}

TEST_CASE("recordio: malformed lines of an index are reported with their number") {
  const std::string way_on = "; without \"x.idx\" the index is made from the records";
  CHECK(index_refusal("1\t0\n2\n") == "x.idx:2: error: expected a key, a tab and an offset, found \"2\"" + way_on);
  CHECK(index_refusal("1\t0\t4\n") == "x.idx:1: error: expected a key, a tab and an offset, found \"1\\t0\\t4\"" + way_on);
  CHECK(index_refusal("a\t0\n") == "x.idx:1: error: expected a whole number from 0 as key, found \"a\"" + way_on);
  CHECK(index_refusal("1\t1.5\n") == "x.idx:1: error: expected a whole number from 0 as offset, found \"1.5\"" + way_on);
  CHECK(index_refusal("-1\t0\n") == "x.idx:1: error: expected a whole number from 0 as key, found \"-1\"" + way_on);
  CHECK(index_refusal("1\t\n") == "x.idx:1: error: expected a key, a tab and an offset, found \"1\"" + way_on);
  CHECK(index_refusal("1\t6\n") == "x.idx:1: error: expected an offset that is a multiple of 4, found 6" + way_on);
  CHECK(index_refusal("1\t0\n2\t400") == "x.idx:2: error: expected an offset below the 400 bytes of the file, found 400" + way_on);
  CHECK(index_refusal("5\t0\n3\t4\n5\t8\n7\t12\n") == "x.idx:3: error: key 5 appears a second time" + way_on);
  CHECK(index_refusal("1\t4\n2\t8\n3\t4\n4\t8\n") == "x.idx:3: error: keys 1 and 3 name one record, at byte 4" + way_on);
  CHECK(index_refusal("0\t0\n3\t4\n0\t8\n") == "x.idx:3: error: key 0 appears a second time" + way_on);
  CHECK(index_refusal("4294967296\t0\n") == "x.idx:1: error: key 4294967296 is above 4294967295" + way_on);
  CHECK(index_refusal("1\t0\r\n2\t4\r\n\r\n") == "no error");
  CHECK(index_refusal("1\t0\n2\t4") == "no error");
  CHECK(index_refusal("1\t0\n\n 2  4 \n5\t0\n2\t4\n") == "x.idx:5: error: key 2 appears a second time" + way_on);
  CHECK(index_refusal("\xff\xfe"
                      "1\t") == "x.idx:1: error: the file is UTF-16 text; save it as UTF-8, as \"iconv -f UTF-16 -t UTF-8\" does");
}

TEST_CASE("recordio: generated indices with any line ends, marks and blanks are read as written") {
  const ScratchFolder folder;
  int wrong = 0;
  const int indices = 200;
  for (int n = 0; n < indices; ++n) {
    TextMaker make(static_cast<uint64_t>(n));
    std::vector<std::string> lines;
    std::vector<uint64_t> keys;
    for (int64_t i = 0, count = make.number(1, 40); i < count; ++i) {
      keys.push_back(static_cast<uint64_t>(3 * i + make.number(0, 3)));
      lines.push_back(fmt::format("{}{}{}", keys.back(), make.coin() ? "\t" : "  ", 4 * i));
    }
    write_bytes(folder / "x.idx", make.file_of(lines));
    const formats::RecordIndex index = formats::RecordIndex::read(folder / "x.idx", 400);
    bool equal = index.size() == static_cast<int64_t>(keys.size());
    for (int64_t i = 0; equal && i < index.size(); ++i)
      equal = index.key(i) == keys[static_cast<size_t>(i)] && index.offset(i) == static_cast<uint64_t>(4 * i);
    wrong += equal ? 0 : 1;
  }
  MESSAGE("read " << indices << " generated indices");
  CHECK(wrong == 0);
}

TEST_CASE("recordio: an index keeps the order of the file and finds every key") {
  const ScratchFolder folder;
  for (const auto& keys : {std::vector<uint64_t>{1, 2, 5, 0}, {0, 1, 2}, {7, 3, 0, 9}, {0}, {4}}) {
    std::string lines;
    for (size_t i = 0; i < keys.size(); ++i) lines += fmt::format("{}\t{}\n", keys[i], 4 * i);
    write_bytes(folder / "x.idx", lines);
    const formats::RecordIndex index = formats::RecordIndex::read(folder / "x.idx", 400);
    for (size_t i = 0; i < keys.size(); ++i) {
      CHECK(index.key(static_cast<int64_t>(i)) == keys[i]);
      CHECK(index.offset(static_cast<int64_t>(i)) == 4 * i);
      CHECK(index.find(keys[i]) == static_cast<int64_t>(i));
    }
    CHECK(!index.find(6));
    CHECK(!index.find(uint64_t{1} << 33));
    CHECK_THROWS_WITH_AS(index.at(6), fmt::format("key 6 is not in \"{}\"", (folder / "x.idx").string()).c_str(), Error);
  }
}

TEST_CASE("recordio: offsets beyond 16 GiB keep their value") {
  formats::CompactOffsets offsets;
  const std::vector<uint64_t> values{0, 4, (uint64_t{1} << 34) - 4, uint64_t{1} << 34, formats::CompactOffsets::limit - 4, 8};
  for (const uint64_t value : values) offsets.push_back(value);
  for (size_t i = 0; i < values.size(); ++i) CHECK(offsets[i] == values[i]);
}

TEST_CASE("recordio: an index is made again from the ids of the records") {
  const formats::RecordFile file(vectors / "faces.rec");
  const formats::RecordIndex index = formats::RecordIndex::scan(file),
                             stored = formats::RecordIndex::read(vectors / "faces.idx", file.size());
  REQUIRE(index.size() == stored.size());
  for (int64_t i = 0; i < stored.size(); ++i) {
    CHECK(index.key(i) == stored.key(i));
    CHECK(index.offset(i) == stored.offset(i));
  }
  const std::string three = (vectors / "three.rec").string();
  CHECK_THROWS_WITH_AS(formats::RecordIndex::scan(formats::RecordFile(three)),
                       fmt::format("\"{}\": byte 0: expected a record of 24 bytes or more, whose key can be read, found 0", three).c_str(),
                       Error);
}

TEST_CASE("recordio: eight threads read what one reads") {
  const ScratchFolder folder;
  formats::RecordWriter writer(folder / "x.rec");
  for (uint64_t i = 0; i < 200; ++i) writer.write(i, Bytes(i * 7 % 501, static_cast<uint8_t>(i)));
  writer.finish();
  const formats::RecordFile file(folder / "x.rec");
  const formats::RecordIndex index = formats::RecordIndex::read(folder / "x.idx", file.size());
  std::vector<int> wrong(8, 0);
  {
    std::vector<std::jthread> threads;
    for (uint64_t t = 0; t < 8; ++t) {
      threads.emplace_back([&, t] {
        Bytes payload;
        for (uint64_t n = 0; n < 200; ++n) {
          const uint64_t i = (n * 13 + t * 31) % 200;
          file.read(index.offset(static_cast<int64_t>(i)), payload);
          wrong[t] += payload != Bytes(i * 7 % 501, static_cast<uint8_t>(i));
        }
      });
    }
  }
  CHECK(wrong == std::vector<int>(8, 0));
}

}  // namespace
}  // namespace lafs::test
