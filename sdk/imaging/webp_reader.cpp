#include "imaging/webp_reader.h"

#include <fmt/format.h>
#include <webp/decode.h>

#include "lafs/error.h"

namespace lafs::imaging {

namespace {

void check(VP8StatusCode status) {
  switch (status) {
    case VP8_STATUS_OK:
      return;
    case VP8_STATUS_NOT_ENOUGH_DATA:
    case VP8_STATUS_SUSPENDED:
      throw Error("truncated WebP: the file ends early");
    case VP8_STATUS_OUT_OF_MEMORY:
      throw Error("the WebP decoder has no memory for this picture");
    default:
      throw Error("damaged WebP: its data contradict each other");
  }
}

}  // namespace

WebpReader::WebpReader(std::span<const uint8_t> bytes) : bytes_(bytes) {
  WebPBitstreamFeatures features;
  check(WebPGetFeatures(bytes.data(), bytes.size(), &features));
  if (features.has_animation) throw Error("is an animated WebP, which is not read; store one of its pictures as PNG or JPEG");
  height_ = features.height;
  width_ = features.width;
}

void WebpReader::read(std::span<uint8_t> rgb) const {
  WebPDecoderConfig config;
  if (!WebPInitDecoderConfig(&config)) throw Error("the WebP decoder did not start");
  config.output.colorspace = MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA = {rgb.data(), static_cast<int>(width_ * 3), rgb.size()};
  check(WebPDecode(bytes_.data(), bytes_.size(), &config));
}

}  // namespace lafs::imaging
