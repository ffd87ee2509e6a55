#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "material.h"

namespace lafs::test {
namespace {

/// Where each segment before the picture's data begins, the first after the start of the file; that of the scan is the last.
std::vector<size_t> segments(const Bytes& file) {
  std::vector<size_t> begins;
  for (size_t at = 2; at + 4 < file.size(); at += 2 + (size_t{file[at + 2]} << 8 | file[at + 3])) {
    begins.push_back(at);
    if (file[at + 1] == 0xda) break;
  }
  return begins;
}

Bytes with(const Bytes& file, size_t at, const Bytes& more) {
  Bytes out = file;
  out.insert(out.begin() + static_cast<std::ptrdiff_t>(at), more.begin(), more.end());
  return out;
}

size_t segment(const Bytes& file, uint8_t marker) {
  for (const size_t at : segments(file)) {
    if (file[at + 1] == marker) return at;
  }
  return 0;
}

std::vector<std::string> jpegs() {
  std::vector<std::string> names;
  for (const auto& [name, picture] : pictures()) {
    if (name.starts_with("jpeg_")) names.push_back(name);
  }
  return names;
}

}  // namespace

TEST_CASE("jpeg headers: bytes between segments change no pixel") {
  std::mt19937 random(1);
  size_t count = 0;
  for (const std::string& name : jpegs()) {
    const Bytes& file = pictures().at(name).file;
    const Decoded whole = decoded(file);
    for (const size_t at : segments(file)) {
      if (at == 2) continue;  // the first three bytes are what a JPEG is recognised by
      for (const size_t n : {1, 2, 7, 300}) {
        Bytes more(n);
        for (uint8_t& byte : more) byte = static_cast<uint8_t>(random() % 255);  // not 0xff, which would begin a segment
        CAPTURE(name);
        CAPTURE(at);
        CHECK(decoded(with(file, at, more)) == whole);
        ++count;
      }
      CHECK(decoded(with(file, at, Bytes(3, 0xff))) == whole);  // these may come before any segment
    }
  }
  CHECK(count >= 200);
}

TEST_CASE("jpeg headers: what libjpeg does not know in them changes no pixel") {
  size_t count = 0;
  for (const std::string& name : jpegs()) {
    const Bytes& file = pictures().at(name).file;
    const Decoded whole = decoded(file);
    CAPTURE(name);
    if (const size_t jfif = segment(file, 0xe0); jfif != 0) {
      for (int major = 0; major < 256; ++major, ++count) {
        Bytes other = file;
        other[jfif + 9] = static_cast<uint8_t>(major);
        CHECK(decoded(other) == whole);
      }
      if (segment(file, 0xee) == 0 && name != "jpeg_rgb") {
        for (uint8_t transform = 1; transform < 20; ++transform, ++count)
          CHECK(decoded(with(file, 2, {0xff, 0xee, 0, 14, 'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, transform})) == whole);
      }
    }
    if (name.find("progressive") == std::string::npos) {  // some encoders leave these three at zero
      Bytes zeros = file;
      const size_t scan = segment(file, 0xda), parameters = scan + 5 + 2 * size_t{file[scan + 4]};
      for (size_t i = 0; i < 3; ++i) zeros[parameters + i] = 0;
      CHECK(decoded(zeros) == whole);
      ++count;
    }
    for (const std::string& after : {std::string(37, '\0'), std::string("<html>")}) {
      CHECK(decoded(with(file, file.size(), Bytes(after.begin(), after.end()))) == whole);
      ++count;
    }
    CHECK(decoded(with(file, file.size(), file)) == whole);
  }
  CHECK(count >= 1500);
}

TEST_CASE("jpeg headers: odd headers do not hide damage behind them") {
  size_t count = 0;
  for (const std::string& name : jpegs()) {
    const Bytes& file = pictures().at(name).file;
    if (file.size() < 400) continue;
    CAPTURE(name);
    Bytes odd = with(file, segments(file).at(1), {1, 2, 3});
    if (const size_t jfif = segment(odd, 0xe0); jfif != 0) odd[jfif + 9] = 2;
    const size_t data = segments(file).back() + 3 + 40;
    for (size_t size = data; size < odd.size() - 1; size += 11, ++count) {
      const Decoded cut = decoded(Bytes(odd.begin(), odd.begin() + static_cast<std::ptrdiff_t>(size)));
      CHECK(cut.refusal == "truncated JPEG: Premature end of JPEG file");
    }
    // What is left over after the last block is what a picture leaves that lost blocks.
    CHECK(decoded(with(odd, odd.size() - 2, Bytes(64, 0x55))).refusal.starts_with("damaged JPEG: Corrupt JPEG data: "));
  }
  CHECK(count >= 100);
}

TEST_CASE("jpeg headers: kinds that are not read are named") {
  Bytes lossless = pictures().at("jpeg_0").file;
  lossless[segment(lossless, 0xc0) + 1] = 0xc3;
  CHECK(decoded(lossless).refusal ==
        "JPEG of a kind that is not read (Unsupported JPEG process: SOF type 0xc3); convert it to an ordinary JPEG or PNG");
  Bytes deep = pictures().at("jpeg_0").file;
  deep[segment(deep, 0xc0) + 4] = 12;
  CHECK(decoded(deep).refusal ==
        "JPEG of a kind that is not read (Unsupported JPEG data precision 12); convert it to an ordinary JPEG or PNG");
}

}  // namespace lafs::test
