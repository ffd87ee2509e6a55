/// What changes a content fingerprint and what does not, on generated folders and record sets.
#include <fcntl.h>
#include <sys/stat.h>

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "formats/face_writer.h"
#include "lafs/content_hashed.h"
#include "lafs/rng.h"
#include "materials.h"
#include "support/bytes.h"

namespace lafs::test {
namespace {

namespace fs = std::filesystem;
using formats::FaceWriter;

std::string contents(const std::string& plugin, const std::string& toml) {
  return content_fingerprint_of(*source(plugin, toml), ContentRequest());
}
std::string folder_toml(const fs::path& root) { return "root = \"" + root.string() + "\"\n"; }
std::string of_folder(const fs::path& root) { return contents("image_folder", folder_toml(root)); }

/// A folder of 1 to 4 people with 1 to 5 pictures of 1 to 30 bytes of pixels, some of equal size.
void fill(const fs::path& root, Rng& rng) {
  const int64_t people = rng.integer(1, 5);
  for (int64_t p = 0; p < people; ++p) {
    fs::create_directories(root / fmt::format("p{}", p));
    const int64_t pictures = rng.integer(1, 6);
    for (int64_t i = 0; i < pictures; ++i) {
      const int64_t side = rng.integer(1, 6);
      std::string bytes = fmt::format("P5\n{} {}\n255\n", side, side);
      for (int64_t k = 0; k < side * side; ++k) bytes += static_cast<char>(rng.integer(0, 256));
      write_bytes(root / fmt::format("p{}/{}.pgm", p, i), bytes);
    }
  }
}

std::vector<fs::path> files_in(const fs::path& root) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.path().extension() == ".pgm") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

void put_times_back(const fs::path& file, const struct stat& before) {
  const struct timespec times[2] = {before.st_atim, before.st_mtim};
  ::utimensat(AT_FDCWD, file.c_str(), times, 0);
}

/// Changes what a training would see, in one of several ways; returns which, or nothing where the folder allows none.
std::string change(const fs::path& root, Rng& rng) {
  const std::vector<fs::path> files = files_in(root);
  const fs::path& file = files[static_cast<size_t>(rng.integer(0, static_cast<int64_t>(files.size())))];
  const std::string bytes = read_bytes(file);
  struct stat before{};
  ::stat(file.c_str(), &before);
  switch (rng.integer(0, 6)) {
    case 0: {
      std::string other = bytes;
      char& one = other[static_cast<size_t>(rng.integer(0, static_cast<int64_t>(bytes.size())))];
      one = static_cast<char>(one ^ (1 << rng.integer(0, 8)));
      write_bytes(file, other);
      put_times_back(file, before);
      return "one bit, times put back";
    }
    case 1: {
      const std::string black = bytes.substr(0, 11) + std::string(bytes.size() - 11, '\0');
      if (black == bytes) return "";
      write_bytes(file, black);
      put_times_back(file, before);
      return "black, of the same size";
    }
    case 2: {
      for (const fs::path& other : files) {
        if (read_bytes(other) == bytes) continue;
        fs::rename(file, root / "x");
        fs::rename(other, file);
        fs::rename(root / "x", other);
        return "exchanged";
      }
      return "";
    }
    case 3:
      write_bytes(file, bytes + "x");
      return "a byte more";
    case 4:
      fs::rename(file, file.parent_path() / "z.pgm");
      return "another name";
    default:
      if (files.size() == 1 || std::distance(fs::directory_iterator(file.parent_path()), fs::directory_iterator()) == 1) return "";
      fs::remove(file);
      return "removed";
  }
}

/// Does what changes no picture.
std::string leave(const fs::path& root, Rng& rng) {
  const std::vector<fs::path> files = files_in(root);
  const fs::path& file = files[static_cast<size_t>(rng.integer(0, static_cast<int64_t>(files.size())))];
  switch (rng.integer(0, 4)) {
    case 0:
      fs::last_write_time(file, fs::file_time_type::clock::now() - std::chrono::hours(rng.integer(0, 10000)));
      return "touch";
    case 1: {
      const std::string bytes = read_bytes(file);
      fs::remove(file);
      write_bytes(file, bytes);
      return "written again";
    }
    case 2:
      fs::remove(root / ".lafs-contents");
      return "without an index";
    default:
      write_bytes(root / ".lafs-contents", "nonsense");
      return "with a damaged index";
  }
}

TEST_CASE("content fingerprint: on 300 generated folders every change is found, and nothing else is taken for one") {
  const TempFolder work("content_folders");
  Rng rng(11);
  std::map<std::string, int64_t> changed, left;
  std::set<std::string> prints;
  std::vector<std::string> before;
  constexpr int64_t count = 300;
  const auto root = [&](int64_t n) { return fs::path(work / fmt::format("d{}", n)); };
  for (int64_t n = 0; n < count; ++n) fill(root(n), rng);
  std::this_thread::sleep_for(std::chrono::milliseconds(3100));  // so that hashes are kept
  int64_t kept = 0;
  for (int64_t n = 0; n < count; ++n) {
    before.push_back(of_folder(root(n)));
    prints.insert(before.back());
    kept += fs::exists(root(n) / ".lafs-contents");
  }
  CHECK(kept == count);
  CHECK(prints.size() == count);
  for (int64_t n = 0; n < count; ++n) {
    const fs::path copy = work / "copy";
    fs::copy(root(n), copy, fs::copy_options::recursive);
    CHECK(of_folder(copy) == before[static_cast<size_t>(n)]);
    fs::remove_all(copy);
    const std::string same = leave(root(n), rng);
    CHECK_MESSAGE(of_folder(root(n)) == before[static_cast<size_t>(n)], same);
    ++left[same];
    const std::string what = change(root(n), rng);
    if (what.empty()) continue;
    CHECK_MESSAGE(of_folder(root(n)) != before[static_cast<size_t>(n)], what);
    ++changed[what];
  }
  CHECK(left.size() == 4);
  CHECK(changed.size() == 6);
  for (const auto& [what, times] : changed) CHECK_MESSAGE(times >= 10, what);
}

/// A record set of one picture a label, each four bytes of its own behind a head that is not a picture: nothing is decoded.
void write_set(const TempFolder& folder, const std::vector<int64_t>& labels, const std::vector<uint32_t>& pictures) {
  FaceWriter writer(folder / "train.rec", FaceWriter::Style::plain);
  for (size_t i = 0; i < labels.size(); ++i) {
    const std::string bytes = fmt::format("picture {:08x}", pictures[i]);
    writer.add(labels[i], {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
  }
  writer.finish();
}

std::string set_toml(const TempFolder& folder, const std::string& more = "") { return "files = [\"" + folder.text() + "\"]\n" + more; }

TEST_CASE("content fingerprint: of 200 generated record sets every changed byte, exchange and order is found") {
  Rng rng(12);
  int64_t bytes_changed = 0, exchanged = 0, parts = 0;
  for (int64_t n = 0; n < 200; ++n) {
    const TempFolder folder("content_records");
    const int64_t size = rng.integer(2, 40);
    std::vector<int64_t> labels;
    std::vector<uint32_t> pictures;
    for (int64_t i = 0; i < size; ++i) {
      labels.push_back(rng.integer(0, 4));
      pictures.push_back(static_cast<uint32_t>(1000 * n + i));
    }
    write_set(folder, labels, pictures);
    const std::string before = contents("record_set", set_toml(folder)), names = source("record_set", set_toml(folder))->fingerprint();
    CHECK(before != names);
    const std::string half = contents("record_set", set_toml(folder, "fraction = 0.5"));

    // One byte of one picture: records are 24 + 16 bytes behind 8 of their frame.
    const int64_t victim = rng.integer(0, size);
    std::string rec = read_bytes(folder / "train.rec");
    const std::string whole = rec;
    char& one = rec[static_cast<size_t>(victim * 48 + 32 + rng.integer(0, 16))];
    one = static_cast<char>(one ^ 4);
    write_bytes(folder / "train.rec", rec);
    CHECK(contents("record_set", set_toml(folder)) != before);
    CHECK(source("record_set", set_toml(folder))->fingerprint() == names);
    CHECK((contents("record_set", set_toml(folder, "fraction = 0.5")) == half) == (victim >= size / 2));
    ++bytes_changed;
    ++parts;
    write_bytes(folder / "train.rec", whole);
    CHECK(contents("record_set", set_toml(folder)) == before);

    const auto other = static_cast<size_t>((victim + rng.integer(1, size)) % size);
    std::swap(pictures[static_cast<size_t>(victim)], pictures[other]);
    write_set(folder, labels, pictures);
    CHECK(contents("record_set", set_toml(folder)) != before);
    ++exchanged;
  }
  CHECK(bytes_changed == 200);
  CHECK(exchanged == 200);
  CHECK(parts == 200);
}

TEST_CASE("content fingerprint: sources around others follow the pictures they take, and no others") {
  const TempFolder one("content_inner1"), two("content_inner2");
  for (const TempFolder* root : {&one, &two}) {
    for (int i = 0; i < 12; ++i) root->picture(fmt::format("p{}/{}.pgm", i / 4, i), static_cast<char>(i));
  }
  const auto inner = [](const TempFolder& root, const std::string& name) {
    return "\n[" + name + "]\nuse = \"image_folder\"\nroot = \"" + root.text() + "\"\n";
  };
  const auto subset = [&] { return contents("subset", "per_identity = 2" + inner(one, "source")); };
  const auto both = [&] { return contents("concat", inner(one, "[sources]") + inner(two, "[sources]")); };
  const auto deep = [&] {
    return contents("subset",
                    "first = 2\ncount = 2\n[source]\nuse = \"concat\"\n" + inner(one, "[source.sources]") + inner(two, "[source.sources]"));
  };
  const std::string part = subset(), all = both(), nested = deep();
  CHECK(part != all);
  two.picture("p1/5.pgm", 99);  // the second source's people are 3, 4 and 5; deep takes 2 and 3
  CHECK(both() != all);
  CHECK(deep() == nested);
  two.picture("p0/1.pgm", 99);
  CHECK(deep() != nested);
  CHECK(subset() == part);
  one.picture("p0/3.pgm", 99);  // the fourth of its person
  CHECK(subset() == part);
  one.picture("p0/1.pgm", 99);
  CHECK(subset() != part);
}

TEST_CASE("content fingerprint: drawn pictures have none of their own, however deep they are") {
  const std::string drawn = "use = \"synthetic_faces\"\nidentities = 3\nper_identity = 4\n";
  for (const auto& [plugin, toml] : std::vector<std::pair<std::string, std::string>>{
           {"synthetic_faces", ""},
           {"subset", "count = 2\n[source]\n" + drawn},
           {"concat", "[[sources]]\n" + drawn + "[[sources]]\n" + drawn},
           {"subset", "per_identity = 2\n[source]\nuse = \"concat\"\n[[source.sources]]\n" + drawn},
       }) {
    CHECK(contents(plugin, toml) == source(plugin, toml)->fingerprint());
  }
}

TEST_CASE("content fingerprint: progress reaches the whole, over all sources") {
  const TempFolder one("content_progress");
  for (int i = 0; i < 100; ++i) one.picture(fmt::format("p{}/{}.pgm", i / 4, i), static_cast<char>(i));
  int64_t last = 0, most = 0;
  ContentRequest request;
  request.go_on = [&](int64_t done, int64_t total) {
    CHECK(done > last);
    last = done;
    most = total;
    return true;
  };
  const std::string inner = "[[sources]]\nuse = \"image_folder\"\nroot = \"" + one.text() + "\"\n";
  content_fingerprint_of(*source("concat", inner + inner), request);
  CHECK(last == 200);
  CHECK(most == 200);
}

}  // namespace
}  // namespace lafs::test
