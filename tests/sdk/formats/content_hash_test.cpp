#include "formats/content_hash.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>

#include "support/bytes.h"
#include "support/scratch.h"

namespace lafs::formats {
namespace {

namespace fs = std::filesystem;
using test::read_bytes;
using test::ScratchFolder;
using test::write_bytes;

/// Until what was written is old enough for its hash to be kept.
void settle() { std::this_thread::sleep_for(std::chrono::milliseconds(3100)); }

const auto file_names = [](int64_t i) { return "f" + std::to_string(i); };

TEST_CASE("content index: what was put is found with the same state, after saving too, and with no other") {
  const ScratchFolder folder;
  for (int64_t i = 0; i < 300; ++i) write_bytes(folder / file_names(i), file_names(i));
  settle();
  const auto key = [](int64_t i) { return ContentIndex::key_of(file_names(i)); };
  const auto put = [&](ContentIndex& index, int64_t first, int64_t past) {
    for (int64_t i = first; i < past; ++i) index.put(key(i), state_of(folder / file_names(i)), {static_cast<uint64_t>(i), 7});
  };
  {
    ContentIndex index(folder.path());
    put(index, 0, 200);
    CHECK(index.save() == "");
  }
  CHECK(fs::file_size(folder / std::string(ContentIndex::file_name)) == 16 + 200 * 32);
  {
    ContentIndex index(folder.path());  // adds to what is there
    put(index, 100, 300);
    CHECK(index.save() == "");
  }
  const ContentIndex index(folder.path());
  int64_t found = 0;
  for (int64_t i = 0; i < 300; ++i) {
    const auto hash = index.find(key(i), state_of(folder / file_names(i)));
    found += hash && *hash == ContentHash{static_cast<uint64_t>(i), 7};
    CHECK(!index.find(key(i), state_of(folder / file_names((i + 1) % 300))));
  }
  CHECK(found == 300);
  CHECK(!index.find(key(300), state_of(folder / file_names(1))));
  CHECK(!index.find(key(1), state_of(folder / "none")));
}

TEST_CASE("content index: a file that was changed a moment ago is not kept") {
  const ScratchFolder folder;
  write_bytes(folder / "f", "x");
  ContentIndex index(folder.path());
  index.put(1, state_of(folder / "f"), {1, 1});
  CHECK(index.save() == "");
  CHECK(!fs::exists(folder / std::string(ContentIndex::file_name)));
}

TEST_CASE("content index: a damaged file counts as an empty index, and is replaced") {
  const ScratchFolder folder;
  write_bytes(folder / "f", "x");
  settle();
  const FileState state = state_of(folder / "f");
  const fs::path file = folder / std::string(ContentIndex::file_name);
  ContentIndex first(folder.path());
  for (uint64_t i = 0; i < 5; ++i) first.put(i, state, {i, i});
  REQUIRE(first.save() == "");
  const std::string whole = read_bytes(file);
  int64_t tried = 0;
  const auto damaged = [&](const std::string& bytes) {
    write_bytes(file, bytes);
    const ContentIndex index(folder.path());
    ++tried;
    return !index.find(2, state).has_value();
  };
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
    CHECK_MESSAGE(damaged(bytes), at);
    CHECK_MESSAGE(damaged(whole.substr(0, at)), at);
  }
  CHECK(tried == 2 * (16 + 5 * 32));
  ContentIndex fresh(folder.path());
  fresh.put(9, state, {9, 9});
  CHECK(fresh.save() == "");
  CHECK(ContentIndex(folder.path()).find(9, state) == ContentHash{9, 9});
}

TEST_CASE("content index: where the folder cannot be written, a folder for caches keeps it; where there is none, it says why") {
  const ScratchFolder folder;
  write_bytes(folder / "f", "x");
  settle();
  const FileState state = state_of(folder / "f");
  const std::string before = std::getenv("XDG_CACHE_HOME") ? std::getenv("XDG_CACHE_HOME") : "";
  ::setenv("XDG_CACHE_HOME", (folder / "cache").c_str(), 1);
  ContentIndex index("/proc/self");  // where nobody can write, not even root
  index.put(3, state, {3, 4});
  CHECK(index.save() == "");
  CHECK(ContentIndex("/proc/self").find(3, state) == ContentHash{3, 4});
  CHECK(!ContentIndex("/proc/thread-self").find(3, state));
  ::setenv("XDG_CACHE_HOME", "/proc/self/cache", 1);
  ContentIndex nowhere("/proc/self");
  nowhere.put(3, state, {3, 4});
  CHECK(nowhere.save().starts_with("cannot write \"/proc/self/cache/lafs/contents-"));
  before.empty() ? ::unsetenv("XDG_CACHE_HOME") : ::setenv("XDG_CACHE_HOME", before.c_str(), 1);
}

TEST_CASE("hash_files: what did not change comes from the index, what changed from the file") {
  const ScratchFolder folder;
  for (int64_t i = 0; i < 200; ++i) write_bytes(folder / file_names(i), std::string(static_cast<size_t>(i * 3000), static_cast<char>(i)));
  settle();
  const auto all = [&] { return hash_files(folder.path(), 200, file_names, {}); };
  const auto hashes = all();
  int64_t different = 0;
  for (size_t i = 0; i < 200; ++i) different += hashes[i] != hashes[(i + 1) % 200];
  CHECK(different == 200);
  // Hashes that only the index can know.
  ContentIndex index(folder.path());
  for (int64_t i = 0; i < 200; ++i) index.put(ContentIndex::key_of(file_names(i)), state_of(folder / file_names(i)), {5, 5});
  REQUIRE(index.save() == "");
  int64_t known = 0;
  for (const ContentHash& hash : all()) known += hash == ContentHash{5, 5};
  CHECK(known == 200);
  write_bytes(folder / "f7", "other");
  fs::remove(folder / "f8");
  const auto later = all();
  CHECK(later[7] != ContentHash{5, 5});
  CHECK(later[8] == ContentHash{});
  CHECK(later[9] == ContentHash{5, 5});
}

TEST_CASE("hash_files: it can be stopped, and what was read by then is kept") {
  const ScratchFolder folder;
  for (int64_t i = 0; i < 1000; ++i) write_bytes(folder / file_names(i), file_names(i));
  settle();
  ContentRequest request;
  request.go_on = [](int64_t done, int64_t total) {
    CHECK(total == 1000);
    return done < 500;
  };
  CHECK_THROWS_AS(hash_files(folder.path(), 1000, file_names, request), StoppedReading);
  const ContentIndex index(folder.path());
  int64_t known = 0;
  for (int64_t i = 0; i < 1000; ++i) known += index.find(ContentIndex::key_of(file_names(i)), state_of(folder / file_names(i))).has_value();
  CHECK(known >= 500);
}

}  // namespace
}  // namespace lafs::formats
