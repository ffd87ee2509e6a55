#include "imaging/decode.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <turbojpeg.h>

#include "imaging/png_reader.h"
#include "lafs/error.h"

namespace lafs::imaging {

namespace {

// A header of a few bytes must not be able to ask for gigabytes.
constexpr int64_t max_pixels = int64_t{1} << 27;

void check_size(int64_t height, int64_t width) {
  if (height < 1 || width < 1 || height > max_pixels / width) {
    throw Error(fmt::format("has {} rows and {} columns; both must be at least 1, and pixels at most {}", height, width, max_pixels));
  }
}

/// A JPEG decoder that has read the header.
class JpegReader {
 public:
  explicit JpegReader(std::span<const uint8_t> bytes) : bytes_(bytes), decoder_(tjInitDecompress(), tjDestroy) {
    if (!decoder_) throw Error("the JPEG decoder did not start");
    int subsampling = 0;
    if (tjDecompressHeader3(decoder_.get(), bytes.data(), bytes.size(), &width_, &height_, &subsampling, &colours_) != 0) fail();
    check_size(height_, width_);
  }
  int height() const { return height_; }
  int width() const { return width_; }
  Image read() const {
    if (colours_ == TJCS_CMYK || colours_ == TJCS_YCCK) throw Error("CMYK JPEG is not supported; convert it to RGB");
    std::vector<uint8_t> pixels(static_cast<size_t>(height_) * static_cast<size_t>(width_) * 3);
    // A warning also returns -1: the rest of such a picture would be grey or shifted.
    if (tjDecompress2(decoder_.get(), bytes_.data(), bytes_.size(), pixels.data(), width_, 0, height_, TJPF_RGB, TJFLAG_ACCURATEDCT) != 0)
      fail();
    return image_of(height_, width_, std::move(pixels));
  }

 private:
  [[noreturn]] void fail() const {
    const std::string reason = tjGetErrorStr2(decoder_.get());
    const bool cut = reason.find("remature end of JPEG file") != std::string::npos;
    throw Error(fmt::format("{} JPEG: {}", cut ? "truncated" : "damaged", reason));
  }

  std::span<const uint8_t> bytes_;
  std::unique_ptr<void, int (*)(void*)> decoder_;
  int width_ = 0, height_ = 0, colours_ = 0;
};

Image decode_png(std::span<const uint8_t> bytes) {
  PngReader reader(bytes);
  check_size(reader.height(), reader.width());
  std::vector<uint8_t> pixels(static_cast<size_t>(reader.height() * reader.width() * 3));
  reader.read(pixels);
  return image_of(reader.height(), reader.width(), std::move(pixels));
}

/// The next number of a PGM header, after white space and comments.
int64_t header_number(std::span<const uint8_t> bytes, size_t& at) {
  while (at < bytes.size() && (std::isspace(bytes[at]) || bytes[at] == '#')) {
    if (bytes[at] == '#') {
      while (at < bytes.size() && bytes[at] != '\n') ++at;
    } else {
      ++at;
    }
  }
  int64_t value = 0;
  const size_t begin = at;
  for (; at < bytes.size() && std::isdigit(bytes[at]); ++at) value = std::min<int64_t>(value * 10 + (bytes[at] - '0'), max_pixels + 1);
  if (at == begin) throw Error("damaged PGM: its header lacks a number");
  return value;
}

struct PnmHeader {
  int64_t height = 0, width = 0;
  size_t pixels = 0;  ///< where they begin
};

PnmHeader pnm_header(std::span<const uint8_t> bytes) {
  PnmHeader header;
  size_t at = 2;
  header.width = header_number(bytes, at);
  header.height = header_number(bytes, at);
  const int64_t maxval = header_number(bytes, at);
  if (maxval != 255) throw Error(fmt::format("PGM with maxval {} is not supported; only 255 is", maxval));
  check_size(header.height, header.width);
  header.pixels = at + 1;  // exactly one white space separates header and pixels
  return header;
}

Image decode_pnm(std::span<const uint8_t> bytes) {
  const bool grey = bytes[1] == '5';
  const auto [height, width, at] = pnm_header(bytes);
  const int64_t count = height * width, needed = count * (grey ? 1 : 3);
  const int64_t there = static_cast<int64_t>(bytes.size()) - static_cast<int64_t>(std::min(at, bytes.size()));
  if (there < needed) throw Error(fmt::format("truncated PGM: {} bytes of pixels where {} are needed", there, needed));
  const uint8_t* from = bytes.data() + at;
  std::vector<uint8_t> pixels(static_cast<size_t>(count) * 3);
  if (!grey) {
    std::copy_n(from, needed, pixels.begin());
  } else {
    for (int64_t i = 0; i < count; ++i) std::fill_n(pixels.begin() + i * 3, 3, from[i]);
  }
  return image_of(height, width, std::move(pixels));
}

enum class Coding { jpeg, png, pnm };

Coding coding_of(std::span<const uint8_t> bytes) {
  constexpr std::array<uint8_t, 8> png{0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  if (bytes.empty()) throw Error("is empty");
  if (bytes.size() > 2 && bytes[0] == 0xff && bytes[1] == 0xd8 && bytes[2] == 0xff) return Coding::jpeg;
  if (bytes.size() >= png.size() && std::equal(png.begin(), png.end(), bytes.begin())) return Coding::png;
  if (bytes.size() > 2 && bytes[0] == 'P' && (bytes[1] == '5' || bytes[1] == '6')) return Coding::pnm;
  throw Error("is not a JPEG, PNG or PGM image");
}

}  // namespace

Image image_of(int64_t height, int64_t width, std::vector<uint8_t> bytes) {
  auto owner = std::make_shared<const std::vector<uint8_t>>(std::move(bytes));
  const uint8_t* data = owner->data();
  return {height, width, std::shared_ptr<const uint8_t>(std::move(owner), data)};
}

Image decode_image(std::span<const uint8_t> bytes) {
  const Coding coding = coding_of(bytes);
  return coding == Coding::jpeg ? JpegReader(bytes).read() : coding == Coding::png ? decode_png(bytes) : decode_pnm(bytes);
}

std::pair<int64_t, int64_t> image_size(std::span<const uint8_t> bytes) {
  const Coding coding = coding_of(bytes);
  if (coding == Coding::jpeg) {
    const JpegReader reader(bytes);
    return {reader.height(), reader.width()};
  }
  if (coding == Coding::png) {
    const PngReader reader(bytes);
    check_size(reader.height(), reader.width());
    return {reader.height(), reader.width()};
  }
  const PnmHeader header = pnm_header(bytes);
  return {header.height, header.width};
}

std::vector<uint8_t> read_bytes(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  const std::streamoff size = in ? static_cast<std::streamoff>(in.tellg()) : -1;
  std::error_code ignored;
  if (size < 0 || std::filesystem::is_directory(file, ignored)) {
    throw Error(fmt::format("\"{}\" cannot be read: {}", file.string(), std::strerror(size < 0 ? errno : EISDIR)));
  }
  std::vector<uint8_t> bytes(static_cast<size_t>(size));
  in.seekg(0);
  in.read(reinterpret_cast<char*>(bytes.data()), size);
  if (in.gcount() != size) throw Error(fmt::format("\"{}\" cannot be read: got {} of {} bytes", file.string(), in.gcount(), size));
  return bytes;
}

Image read_image(const std::filesystem::path& file) {
  const std::vector<uint8_t> bytes = read_bytes(file);
  try {
    return decode_image(bytes);
  } catch (const Error& error) {
    throw Error(fmt::format("\"{}\": {}", file.string(), error.what()));
  }
}

bool is_image_name(const std::filesystem::path& file) {
  constexpr std::array<std::string_view, 5> endings{".jpg", ".jpeg", ".png", ".pgm", ".ppm"};
  std::string ending = file.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::find(endings.begin(), endings.end(), ending) != endings.end();
}

}  // namespace lafs::imaging
