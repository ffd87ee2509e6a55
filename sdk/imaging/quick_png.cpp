#include "imaging/quick_png.h"

#include <libdeflate.h>

#include <memory>
#include <string_view>

#include "lafs/error.h"

namespace lafs::imaging {

namespace {

using ByteList = std::vector<uint8_t>;

/// Rows with the filter "average" (PNG specification 9.2, type 3): each byte less the mean, rounded down, of the one on the left and the
/// one above.
ByteList filtered(const Image& image) {
  constexpr int64_t channels = Image::channels;
  const int64_t bytes_a_row = image.width * channels;
  const ByteList black(static_cast<size_t>(bytes_a_row), 0);
  ByteList out(static_cast<size_t>((bytes_a_row + 1) * image.height));
  uint8_t* to = out.data();
  const uint8_t* above = black.data();
  for (int64_t y = 0; y < image.height; ++y) {
    const uint8_t* row = image.row(y);
    *to++ = 3;
    for (int64_t i = 0; i < channels; ++i) *to++ = static_cast<uint8_t>(row[i] - above[i] / 2);
    for (int64_t i = channels; i < bytes_a_row; ++i) *to++ = static_cast<uint8_t>(row[i] - (row[i - channels] + above[i]) / 2);
    above = row;
  }
  return out;
}

void put_number(ByteList& out, uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<uint8_t>(number >> shift));
}

/// A chunk: length, type, content, and the CRC of type and content.
void put_chunk(ByteList& out, std::string_view type, const ByteList& content) {
  put_number(out, static_cast<uint32_t>(content.size()));
  const size_t begin = out.size();
  out.insert(out.end(), type.begin(), type.end());
  out.insert(out.end(), content.begin(), content.end());
  put_number(out, libdeflate_crc32(0, out.data() + begin, out.size() - begin));
}

ByteList compressed(const ByteList& bytes) {
  const std::unique_ptr<libdeflate_compressor, void (*)(libdeflate_compressor*)> compressor(libdeflate_alloc_compressor(1),
                                                                                            libdeflate_free_compressor);
  if (!compressor) throw Error("cannot be encoded as PNG: there is not enough memory");
  ByteList out(libdeflate_zlib_compress_bound(compressor.get(), bytes.size()));
  out.resize(libdeflate_zlib_compress(compressor.get(), bytes.data(), bytes.size(), out.data(), out.size()));
  return out;
}

}  // namespace

std::vector<uint8_t> encode_png_quickly(const Image& image) {
  ByteList header;
  put_number(header, static_cast<uint32_t>(image.width));
  put_number(header, static_cast<uint32_t>(image.height));
  for (const uint8_t setting : {8, 2, 0, 0, 0}) header.push_back(setting);  // bits, RGB, deflate, filters, not interlaced
  const ByteList content = compressed(filtered(image));
  ByteList out{0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  out.reserve(content.size() + 64);
  put_chunk(out, "IHDR", header);
  put_chunk(out, "IDAT", content);
  put_chunk(out, "IEND", {});
  return out;
}

}  // namespace lafs::imaging
