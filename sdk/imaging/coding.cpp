#include "imaging/coding.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "lafs/error.h"

namespace lafs::imaging {

namespace {

using namespace std::string_view_literals;

/// Bytes at a place, and what a file is that has them there.
struct Mark {
  size_t at;
  std::string_view bytes, what;
};

constexpr std::string_view convert = ", which is not read; convert it to PNG or JPEG";

constexpr Mark pictures[] = {
    {0, "GIF87a"sv, "a GIF picture"},
    {0, "GIF89a"sv, "a GIF picture"},
    {0, "\0\0\0\x0cjP  "sv, "a JPEG 2000 picture"},
    {0, "\xff\x4f\xff\x51"sv, "a JPEG 2000 picture"},
    {0, "\0\0\0\x0cJXL "sv, "a JPEG XL picture"},
    {0, "\xff\x0a"sv, "a JPEG XL picture"},
    {4, "ftypavif"sv, "an AVIF picture"},
    {4, "ftypavis"sv, "an AVIF picture"},
    {4, "ftyphei"sv, "a HEIF picture"},
    {4, "ftyphev"sv, "a HEIF picture"},
    {4, "ftypmif1"sv, "a HEIF picture"},
    {4, "ftypmsf1"sv, "a HEIF picture"},
    {4, "ftypcrx "sv, "a raw picture of a camera (CR3)"},
    {0, "FUJIFILMCCD-RAW"sv, "a raw picture of a camera (RAF)"},
    {0, "8BPS"sv, "a Photoshop picture"},
    {0, "\0\0\1\0"sv, "an icon (ICO)"},
    {0, "DDS "sv, "a DDS picture"},
    {0, "\x76\x2f\x31\x01"sv, "an OpenEXR picture"},
    {0, "#?RADIANCE"sv, "a Radiance HDR picture"},
    {0, "qoif"sv, "a QOI picture"},
    {0, "SIMPLE  ="sv, "a FITS picture"},
    {0, "P7\n"sv, "a PAM picture"},
    {0, "P7 332"sv, "an XV thumbnail"},
    {0, "Pf\n"sv, "a PFM picture"},
    {0, "PF\n"sv, "a PFM picture"},
    {0, "gimp xcf"sv, "a GIMP picture"},
    {0, "\x59\xa6\x6a\x95"sv, "a Sun raster picture"},
    {0, "%PDF"sv, "a PDF document"},
    {0, "%!PS"sv, "a PostScript document"},
    {0, "<svg"sv, "an SVG picture"},
    {4, "ftyp"sv, "a video (MP4)"},
    {8, "AVI LIST"sv, "a video (AVI)"},
};

constexpr Mark others[] = {
    {0, "version https://git-lfs"sv, "a Git LFS pointer instead of the picture; git lfs pull fetches it"},
    {0, "\0\5\x16\7"sv, "an AppleDouble file, which a Mac keeps beside a picture; it holds none"},
    {0, "\0\5\x16\0"sv, "an AppleSingle file of a Mac; it has to be unpacked first"},
    {0, "\x1f\x8b"sv, "compressed with gzip; unpack it first"},
    {0, "BZh"sv, "compressed with bzip2; unpack it first"},
    {0,
     "\xfd"
     "7zXZ"sv,
     "compressed with xz; unpack it first"},
    {0, "\x28\xb5\x2f\xfd"sv, "compressed with zstd; unpack it first"},
    {0, "PK\3\4"sv, "a ZIP archive; unpack it first"},
    {0, "7z\xbc\xaf\x27\x1c"sv, "a 7z archive; unpack it first"},
    {0, "Rar!"sv, "a RAR archive; unpack it first"},
    {257, "ustar"sv, "a TAR archive; unpack it first"},
    {0, "\x93NUMPY"sv, "a NumPy array, not a picture"},
    {0, "\x89HDF"sv, "an HDF5 file, not a picture"},
};

bool has(std::span<const uint8_t> bytes, const Mark& mark) {
  if (bytes.size() < mark.at + mark.bytes.size()) return false;
  return std::equal(mark.bytes.begin(), mark.bytes.end(), bytes.begin() + static_cast<std::ptrdiff_t>(mark.at),
                    [](char wanted, uint8_t there) { return static_cast<uint8_t>(wanted) == there; });
}

bool has(std::span<const uint8_t> bytes, std::string_view wanted, size_t at = 0) { return has(bytes, {at, wanted, {}}); }

/// The first letters of a file in lower case, from the first that is not white space and no byte order mark.
std::string opening(std::span<const uint8_t> bytes) {
  std::string text(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(std::min<size_t>(bytes.size(), 512)));
  const size_t begin = text.find_first_not_of("\xef\xbb\xbf \t\r\n");
  text = begin == std::string::npos ? "" : text.substr(begin);
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

[[noreturn]] void refuse(std::span<const uint8_t> bytes) {
  for (const Mark& mark : pictures) {
    if (has(bytes, mark)) throw Error(fmt::format("is {}{}", mark.what, convert));
  }
  for (const Mark& mark : others) {
    if (has(bytes, mark)) throw Error(fmt::format("is {}", mark.what));
  }
  const std::string text = opening(bytes);
  if (text.starts_with("<!doctype html") || text.starts_with("<html") || text.starts_with("<head"))
    throw Error("is a web page (HTML), not a picture; the download went wrong");
  if (text.starts_with("<?xml") || text.starts_with("<svg")) {
    throw Error(text.find("<svg") != std::string::npos ? fmt::format("is an SVG picture{}", convert) : "is an XML file, not a picture");
  }
  if (std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0; }))
    throw Error("holds nothing but zeros, as after a copy that broke off");
  throw Error("is not a JPEG, PNG, WebP, BMP, TIFF or PNM image");
}

}  // namespace

Coding coding_of(std::span<const uint8_t> bytes) {
  if (bytes.empty()) throw Error("is empty");
  if (has(bytes, "\xff\xd8\xff")) return Coding::jpeg;
  if (has(bytes, "\x89PNG\r\n\x1a\n")) return Coding::png;
  if (has(bytes, "RIFF") && has(bytes, "WEBP", 8)) return Coding::webp;
  if (has(bytes, "II*\0"sv) || has(bytes, "MM\0*"sv) || has(bytes, "II+\0"sv) || has(bytes, "MM\0+"sv)) return Coding::tiff;
  // Two letters alone are little: what follows is the size of a header, which is below 256.
  if (has(bytes, "BM") && has(bytes, "\0\0\0"sv, 15)) return Coding::bmp;
  if (bytes.size() > 2 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '6' && (std::isspace(bytes[2]) || bytes[2] == '#'))
    return Coding::pnm;
  refuse(bytes);
}

}  // namespace lafs::imaging
