#include <cstdint>
#include <random>
#include <set>
#include <string>

#include <doctest/doctest.h>

#include "imaging/orientation.h"
#include "material.h"

namespace lafs::test {
namespace {

bool lossy(const std::string& name) {
  return name.find("jpeg") != std::string::npos || (name.starts_with("webp") && !name.ends_with("less"));
}

/// What a file without its last bytes may give: an error, or, where nothing that counts was cut off, the whole picture.
bool whole_or_refused(const Decoded& cut, const Decoded& whole) { return !cut.refusal.empty() || cut == whole; }

}  // namespace

TEST_CASE("pictures: every kind of file gives the pixels that Pillow gives, and its size from the header") {
  size_t count = 0;
  std::set<std::string> kinds;
  for (const auto& [name, picture] : pictures()) {
    CAPTURE(name);
    const Decoded ours = decoded(picture.file);
    CHECK(ours.refusal == "");
    CHECK(ours.height == picture.pillow.height);
    CHECK(ours.width == picture.pillow.width);
    // Versions of the libraries for lossy pictures may round differently; the same version does not.
    CHECK(largest_difference(ours.pixels, picture.pillow.pixels) <= (lossy(name) ? 1 : 0));
    if (ours.refusal.empty()) CHECK(imaging::image_size(picture.file) == std::pair(picture.pillow.height, picture.pillow.width));
    kinds.insert(name.substr(0, name.find('_')));
    ++count;
  }
  CHECK(kinds == std::set<std::string>{"bmp", "jpeg", "pnm", "tiff", "webp"});
  CHECK(count >= 80);
}

TEST_CASE("pictures: a file that is cut off anywhere is refused with a sentence, or lacks nothing") {
  size_t refused = 0;
  for (const auto& [name, picture] : pictures()) {
    CAPTURE(name);
    const Decoded whole = decoded(picture.file);
    const size_t step = std::max<size_t>(1, picture.file.size() / 97);
    for (size_t size = 0; size < picture.file.size(); size += step) {
      CAPTURE(size);
      const Bytes part(picture.file.begin(), picture.file.begin() + static_cast<std::ptrdiff_t>(size));
      const Decoded cut = decoded(part);
      // A number of ASCII that is cut in its digits is another number.
      if (!name.starts_with("pnm_p3") && !name.starts_with("pnm_p2")) CHECK(whole_or_refused(cut, whole));
      refused += !cut.refusal.empty();
    }
  }
  CHECK(refused >= 5000);
}

TEST_CASE("pictures: a file with wrong bytes is a picture or an error, never worse") {
  std::mt19937 random(5);
  size_t count = 0;
  for (const auto& [name, picture] : pictures()) {
    for (int i = 0; i < 40; ++i) {
      Bytes file = picture.file;
      // The size of a picture is left alone: a wrong one may be large, which takes time and shows nothing.
      for (int n = 0; n < 3; ++n) file[random() % file.size()] ^= static_cast<uint8_t>(1u << random() % 8);
      const Decoded result = decoded(file);
      CHECK(result.pixels.size() == static_cast<size_t>(result.height * result.width * 3));
      ++count;
    }
  }
  CHECK(count >= 3200);
}

}  // namespace lafs::test
