#pragma once
#include <cstdint>
#include <filesystem>
#include <span>
#include <utility>
#include <vector>

#include "lafs/sample.h"

namespace lafs::imaging {

/// Whether a picture is turned as the EXIF data in its file says (`orientation_of`), or is what the file stores.
enum class Exif { ignore, apply };

/// The picture in an encoded file as 8-bit RGB: what Pillow's `convert("RGB")` gives. The file is recognised by its first bytes, its name
/// does not matter:
///
///   JPEG           baseline, progressive or arithmetic; grey, YCbCr, RGB, CMYK; accurate DCT
///   PNG            every form; alpha dropped, 16 bits become 8
///   WebP           lossy and lossless, one picture; alpha dropped
///   BMP            uncompressed, 8, 24 or 32 bits a pixel
///   TIFF           the first picture; grey, palette, RGB, CMYK, YCbCr; turned as its orientation tag says
///   PBM, PGM, PPM  binary and ASCII; not 16-bit grey, which Pillow would make white
///
/// Throws Error for anything else, naming what it is where that is known, and for a damaged or truncated file. A JPEG whose headers are
/// odd, but whose pixels are all there, is not damaged. [any thread]
Image decode_image(std::span<const uint8_t> bytes, Exif exif = Exif::ignore);

/// Rows and columns that `decode_image` gives with `Exif::ignore`, from the file's header. Throws Error as it does. [any thread]
std::pair<int64_t, int64_t> image_size(std::span<const uint8_t> bytes);

/// The picture in a file, which every Error names. [any thread]
Image read_image(const std::filesystem::path& file, Exif exif = Exif::ignore);

/// All bytes of a file. Throws Error naming it. [any thread]
std::vector<uint8_t> read_bytes(const std::filesystem::path& file);

/// Whether the name ends as pictures do: .jpg .jpeg .jpe .jfif .png .webp .bmp .tif .tiff .pgm .ppm .pbm .pnm in any case.
bool is_image_name(const std::filesystem::path& file);

/// A picture that owns these height * width * 3 bytes.
Image image_of(int64_t height, int64_t width, std::vector<uint8_t> bytes);

}  // namespace lafs::imaging
