#include "imaging/coding.h"

#include <random>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "material.h"

namespace lafs::test {
namespace {

using namespace std::string_literals;

std::string refusal(const std::string& file) { return decoded(Bytes(file.begin(), file.end())).refusal; }

}  // namespace

TEST_CASE("coding: what is not read is named, whatever follows") {
  const std::string convert = ", which is not read; convert it to PNG or JPEG";
  const std::vector<std::pair<std::string, std::string>> foreign{
      {"GIF89a", "is a GIF picture" + convert},
      {"\0\0\0\x0cjP  \r\n\x87\n"s, "is a JPEG 2000 picture" + convert},
      {"\xff\x4f\xff\x51", "is a JPEG 2000 picture" + convert},
      {"\xff\x0a", "is a JPEG XL picture" + convert},
      {"\0\0\0\x1c"
       "ftypavif"s,
       "is an AVIF picture" + convert},
      {"\0\0\0\x18"
       "ftypheic"s,
       "is a HEIF picture" + convert},
      {"\0\0\0\x18"
       "ftypisom"s,
       "is a video (MP4)" + convert},
      {"8BPS", "is a Photoshop picture" + convert},
      {"P7\nWIDTH 4", "is a PAM picture" + convert},
      {"PF\n2 2\n-1\n", "is a PFM picture" + convert},
      {"%PDF-1.4", "is a PDF document" + convert},
      {"\xef\xbb\xbf \n<!DOCTYPE HTML><p>404", "is a web page (HTML), not a picture; the download went wrong"},
      {"<html>", "is a web page (HTML), not a picture; the download went wrong"},
      {"<?xml version=\"1.0\"?><svg>", "is an SVG picture" + convert},
      {"<?xml version=\"1.0\"?><Error>", "is an XML file, not a picture"},
      {"version https://git-lfs.github.com/spec/v1\n", "is a Git LFS pointer instead of the picture; git lfs pull fetches it"},
      {"\0\5\x16\7\0\2\0\0"s, "is an AppleDouble file, which a Mac keeps beside a picture; it holds none"},
      {"\x1f\x8b\x08", "is compressed with gzip; unpack it first"},
      {"PK\3\4", "is a ZIP archive; unpack it first"},
      {"\x93NUMPY", "is a NumPy array, not a picture"},
      {"no picture", "is not a JPEG, PNG, WebP, BMP, TIFF or PNM image"},
      {"BMW drives by", "is not a JPEG, PNG, WebP, BMP, TIFF or PNM image"},
      {"P6", "is not a JPEG, PNG, WebP, BMP, TIFF or PNM image"},
      {"RIFF\1\2\3\4WAVE", "is not a JPEG, PNG, WebP, BMP, TIFF or PNM image"},
  };
  std::mt19937 random(3);
  size_t count = 0;
  for (const auto& [beginning, sentence] : foreign) {
    CHECK(refusal(beginning) == sentence);
    for (int i = 0; i < 25; ++i, ++count) {
      std::string more = beginning + " ";
      for (unsigned n = random() % 600; n > 0; --n) more += static_cast<char>('A' + random() % 26);
      if (beginning != "P6") CHECK(refusal(more) == sentence);
    }
  }
  CHECK(count == 600);
  CHECK(refusal("") == "is empty");
  for (const size_t size : {1, 3, 4096})
    CHECK(refusal(std::string(size, '\0')) == "holds nothing but zeros, as after a copy that broke off");
}

TEST_CASE("coding: forms of a kind that is read, but not these, are named") {
  CHECK(refusal("P5\n2 2\n65535\nabcdefgh") == "is a PGM of 16-bit grey (maxval 65535), which is not read; convert it to 8 bits");
  CHECK(refusal("P2\n1 1\n256\n7") == "is a PGM of 16-bit grey (maxval 256), which is not read; convert it to 8 bits");
  CHECK(refusal("P6\n1 1\n0\nabc") == "damaged PPM: its maxval is 0, not in [1, 65535]");
  CHECK(refusal("P3\n1 1\n255\n1 2 256") == "damaged PPM: a pixel is 256, but its header says at most 255");
  CHECK(refusal("P3\n1 1\n255\n1 2 x") == "damaged PPM: byte 15 of the file is not a number");
  CHECK(refusal("P3\n1 1\n255\n1 2") == "truncated PPM: 2 pixel values where 3 are needed");
  CHECK(refusal("P4\n9 2\nabc") == "truncated PBM: 3 bytes of pixels where 4 are needed");
  CHECK(refusal("P6\n2 1\n255\nabc") == "truncated PPM: 3 bytes of pixels where 6 are needed");

  Bytes bmp = pictures().at("bmp_24").file;
  bmp[28] = 4;
  CHECK(decoded(bmp).refusal == "is a BMP of 4 bits a pixel, which is not read; convert it to PNG or JPEG");
  bmp[28] = 8;
  bmp[30] = 1;
  CHECK(decoded(bmp).refusal == "is a compressed BMP (kind 1), which is not read; convert it to PNG or JPEG");
  Bytes cut = pictures().at("bmp_24").file;
  cut.resize(cut.size() - 64);
  CHECK(decoded(cut).refusal == "truncated BMP: 768 bytes of pixels where 831 are needed");

  Bytes webp = pictures().at("webp_lossy").file;
  webp.resize(webp.size() - 2);
  CHECK(decoded(webp).refusal == "truncated WebP: the file ends early");
  // An extended header that announces frames.
  const std::string animated = "RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0\x0f\0\0\x0f\0\0ANIM\6\0\0\0\0\0\0\0\0\0"s;
  CHECK(refusal(animated) == "is an animated WebP, which is not read; store one of its pictures as PNG or JPEG");
}

TEST_CASE("coding: the size in a header is bounded before anything is allocated") {
  const std::string sentence = "has 1000000 rows and 999999 columns; both must be at least 1, and pixels at most 134217728";
  CHECK(refusal("P4\n999999 1000000\n") == sentence);
  Bytes bmp = pictures().at("bmp_24").file;
  const uint32_t sizes[] = {999999, 1000000};
  for (size_t i = 0; i < 8; ++i) bmp[18 + i] = static_cast<uint8_t>(sizes[i / 4] >> 8 * (i % 4));
  CHECK(decoded(bmp).refusal == sentence);
}

}  // namespace lafs::test
