#include "imaging/encode.h"

#include <png.h>
#include <turbojpeg.h>

#include <memory>

#include <fmt/format.h>

#include "lafs/error.h"

namespace lafs::imaging {

std::vector<uint8_t> encode_jpeg(const Image& image, int quality, bool full_chroma) {
  if (quality < 1 || quality > 100) throw Error(fmt::format("a JPEG quality of {} is outside [1, 100]", quality));
  const std::unique_ptr<void, int (*)(void*)> encoder(tjInitCompress(), tjDestroy);
  if (!encoder) throw Error("the JPEG encoder did not start");
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  const int status = tjCompress2(encoder.get(), image.bytes.get(), static_cast<int>(image.width), 0, static_cast<int>(image.height),
                                 TJPF_RGB, &bytes, &size, full_chroma ? TJSAMP_444 : TJSAMP_420, quality, TJFLAG_ACCURATEDCT);
  const std::unique_ptr<unsigned char, void (*)(unsigned char*)> owner(bytes, tjFree);
  if (status != 0) throw Error(fmt::format("cannot be encoded as JPEG: {}", tjGetErrorStr2(encoder.get())));
  return {bytes, bytes + size};
}

std::vector<uint8_t> encode_png(const Image& image) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  png.format = PNG_FORMAT_RGB;
  png.height = static_cast<png_uint_32>(image.height);
  png.width = static_cast<png_uint_32>(image.width);
  std::vector<uint8_t> bytes(PNG_IMAGE_PNG_SIZE_MAX(png));
  png_alloc_size_t size = bytes.size();
  if (!png_image_write_to_memory(&png, bytes.data(), &size, 0, image.bytes.get(), 0, nullptr))
    throw Error(fmt::format("cannot be encoded as PNG: {}", png.message));
  bytes.resize(size);
  return bytes;
}

}  // namespace lafs::imaging
