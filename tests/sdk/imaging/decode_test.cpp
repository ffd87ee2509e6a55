#include <png.h>
#include <turbojpeg.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "imaging/decode.h"
#include "lafs/error.h"

namespace {

using Bytes = std::vector<uint8_t>;

Bytes jpeg(int height, int width, bool grey) {
  Bytes pixels;
  for (int i = 0; i < height * width * (grey ? 1 : 3); ++i) pixels.push_back(static_cast<uint8_t>(40 + i * 5 % 97));
  tjhandle encoder = tjInitCompress();
  unsigned char* out = nullptr;
  unsigned long size = 0;
  tjCompress2(encoder, pixels.data(), width, 0, height, grey ? TJPF_GRAY : TJPF_RGB, &out, &size, grey ? TJSAMP_GRAY : TJSAMP_444, 90, 0);
  Bytes bytes(out, out + size);
  tjFree(out);
  tjDestroy(encoder);
  return bytes;
}

Bytes png(uint32_t format, const void* pixels, uint32_t height, uint32_t width) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = width;
  image.height = height;
  image.format = format;
  png_alloc_size_t size = 0;
  png_image_write_to_memory(&image, nullptr, &size, 0, pixels, 0, nullptr);
  Bytes bytes(size);
  png_image_write_to_memory(&image, bytes.data(), &size, 0, pixels, 0, nullptr);
  bytes.resize(size);
  return bytes;
}

Bytes text(const std::string& s) { return {s.begin(), s.end()}; }
Bytes pixels(const lafs::Image& image) { return {image.bytes.get(), image.bytes.get() + image.size()}; }

std::string refusal(const Bytes& bytes) {
  try {
    lafs::imaging::decode_image(bytes);
  } catch (const lafs::Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("decode: a JPEG becomes RGB, a grey one too") {
  const lafs::Image colour = lafs::imaging::decode_image(jpeg(9, 17, false)), grey = lafs::imaging::decode_image(jpeg(8, 8, true));
  CHECK(colour.height == 9);
  CHECK(colour.width == 17);
  for (int64_t i = 0; i < grey.size(); i += 3) CHECK(grey.bytes.get()[i] == grey.bytes.get()[i + 2]);
}

TEST_CASE("decode: a PNG gives its stored numbers, without alpha, grey as RGB") {
  const Bytes grey{0, 10, 200, 255}, rgba{1, 2, 3, 0, 4, 5, 6, 128};
  CHECK(pixels(lafs::imaging::decode_image(png(PNG_FORMAT_GRAY, grey.data(), 2, 2))) ==
        Bytes{0, 0, 0, 10, 10, 10, 200, 200, 200, 255, 255, 255});
  CHECK(pixels(lafs::imaging::decode_image(png(PNG_FORMAT_RGBA, rgba.data(), 1, 2))) == Bytes{1, 2, 3, 4, 5, 6});
  const std::vector<uint16_t> deep{0, 32896, 65535};
  const Bytes scaled = pixels(lafs::imaging::decode_image(png(PNG_FORMAT_LINEAR_Y, deep.data(), 1, 3)));
  CHECK(scaled == Bytes{0, 0, 0, 128, 128, 128, 255, 255, 255});
}

TEST_CASE("decode: PGM and PPM may hold comments") {
  CHECK(pixels(lafs::imaging::decode_image(text("P5\n# made by hand\n2 1 # wide\n255\nAB"))) == text("AAABBB"));
  CHECK(pixels(lafs::imaging::decode_image(text("P6 1 2 255\nabcdef"))) == text("abcdef"));
}

TEST_CASE("decode: whatever is damaged is an error that says how") {
  CHECK(refusal({}) == "is empty");
  CHECK(refusal(text("<html>")) == "is a web page (HTML), not a picture; the download went wrong");
  Bytes cut = jpeg(64, 64, false);
  cut.resize(cut.size() / 2);
  CHECK(refusal(cut) == "truncated JPEG: Premature end of JPEG file");
  const Bytes grey(64 * 64, 7);
  Bytes half = png(PNG_FORMAT_GRAY, grey.data(), 64, 64);
  half.resize(half.size() - 30);
  CHECK(refusal(half) == "truncated PNG: the file ends early");
  Bytes flipped = png(PNG_FORMAT_GRAY, grey.data(), 64, 64);
  flipped[20] ^= 1;
  CHECK(refusal(flipped) == "damaged PNG: IHDR: CRC error");
  CHECK(refusal(text("P5\n2 2\n255\nab")) == "truncated PGM: 2 bytes of pixels where 4 are needed");
  CHECK(refusal(text("P5\n2 2\n65535\nabcdefgh")) == "is a PGM of 16-bit grey (maxval 65535), which is not read; convert it to 8 bits");
  CHECK(refusal(text("P5\n2 x")) == "damaged PGM: its header lacks a number");
  CHECK(refusal(text("P5\n999999 999999\n255\n")) ==
        "has 999999 rows and 999999 columns; both must be at least 1, and pixels at most 134217728");
}

TEST_CASE("decode: a file is named by its error") {
  const auto file = std::filesystem::temp_directory_path() / "lafs_decode_test.jpg";
  std::ofstream(file) << "nothing";
  std::string said;
  try {
    lafs::imaging::read_image(file);
  } catch (const lafs::Error& error) {
    said = error.what();
  }
  CHECK(said == "\"" + file.string() + "\": is not a JPEG, PNG, WebP, BMP, TIFF or PNM image");
  std::filesystem::remove(file);
  try {
    lafs::imaging::read_image(file);
  } catch (const lafs::Error& error) {
    said = error.what();
  }
  CHECK(said == "\"" + file.string() + "\" cannot be read: No such file or directory");
}

TEST_CASE("decode: many threads decode the same bytes alike") {
  const Bytes bytes = jpeg(40, 40, false), alone = pixels(lafs::imaging::decode_image(bytes));
  std::vector<char> equal(8, 0);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < 8; ++t) threads.emplace_back([&, t] { equal[t] = pixels(lafs::imaging::decode_image(bytes)) == alone; });
  for (auto& thread : threads) thread.join();
  for (const char same : equal) CHECK(same);
}

TEST_CASE("decode: names of pictures end in any case") {
  for (const char* name :
       {"a.jpg", "a.JPEG", "a.Jpe", "a.jfif", "b/a.Png", "a.WEBP", "a.bmp", "a.tif", "a.tiff", "a.pgm", "a.ppm", "a.pbm", "a.pnm"})
    CHECK(lafs::imaging::is_image_name(name));
  for (const char* name : {"a.txt", "jpg", "a.jpg.bak", "a.gif", ""}) CHECK(!lafs::imaging::is_image_name(name));
}
