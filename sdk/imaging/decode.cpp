#include "imaging/decode.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "imaging/bmp_reader.h"
#include "imaging/coding.h"
#include "imaging/jpeg_reader.h"
#include "imaging/orientation.h"
#include "imaging/png_reader.h"
#include "imaging/pnm_reader.h"
#include "imaging/tiff_reader.h"
#include "imaging/webp_reader.h"
#include "lafs/error.h"

namespace lafs::imaging {

namespace {

// A header of a few bytes must not be able to ask for gigabytes.
constexpr int64_t max_pixels = int64_t{1} << 27;

/// Rows and columns of a reader, once they are known to be reasonable.
template <typename Reader>
std::pair<int64_t, int64_t> size_in(const Reader& reader) {
  const int64_t height = reader.height(), width = reader.width();
  if (height < 1 || width < 1 || height > max_pixels / width) {
    throw Error(fmt::format("has {} rows and {} columns; both must be at least 1, and pixels at most {}", height, width, max_pixels));
  }
  return {height, width};
}

/// Calls `use` with a reader that has read the header.
template <typename Use>
auto with_reader(std::span<const uint8_t> bytes, const Use& use) {
  const auto call = [&use](auto reader) { return use(reader); };
  switch (coding_of(bytes)) {
    case Coding::jpeg:
      return call(JpegReader(bytes));
    case Coding::png:
      return call(PngReader(bytes));
    case Coding::webp:
      return call(WebpReader(bytes));
    case Coding::bmp:
      return call(BmpReader(bytes));
    case Coding::tiff:
      return call(TiffReader(bytes));
    case Coding::pnm:
      break;
  }
  return call(PnmReader(bytes));
}

}  // namespace

Image decode_image(std::span<const uint8_t> bytes, Exif exif) {
  const Image stored = with_reader(bytes, [](auto& reader) {
    const auto [height, width] = size_in(reader);
    std::vector<uint8_t> pixels(static_cast<size_t>(height) * static_cast<size_t>(width) * 3);
    reader.read(pixels);
    return image_of(height, width, std::move(pixels));
  });
  return exif == Exif::apply ? turned(stored, orientation_of(bytes)) : stored;
}

std::pair<int64_t, int64_t> image_size(std::span<const uint8_t> bytes) {
  return with_reader(bytes, [](auto& reader) { return size_in(reader); });
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

Image read_image(const std::filesystem::path& file, Exif exif) {
  const std::vector<uint8_t> bytes = read_bytes(file);
  try {
    return decode_image(bytes, exif);
  } catch (const Error& error) {
    throw Error(fmt::format("\"{}\": {}", file.string(), error.what()));
  }
}

bool is_image_name(const std::filesystem::path& file) {
  constexpr std::array<std::string_view, 13> endings{".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp",
                                                     ".tif", ".tiff", ".pgm", ".ppm",  ".pbm", ".pnm"};
  std::string ending = file.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::find(endings.begin(), endings.end(), ending) != endings.end();
}

}  // namespace lafs::imaging
