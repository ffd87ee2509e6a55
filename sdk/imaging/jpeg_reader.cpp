#include "imaging/jpeg_reader.h"

#include <array>
#include <csetjmp>
#include <cstdio>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <jpeglib.h>

// After it, because its list of messages depends on the version that is set there.
#include <jerror.h>

#include "imaging/cmyk.h"
#include "lafs/error.h"

namespace lafs::imaging {

struct JpegReader::State {
  std::span<const uint8_t> bytes;
  jpeg_decompress_struct decoder{};
  jpeg_error_mgr errors{};
  std::jmp_buf left{};
  bool in_headers = true;
  std::array<char, JMSG_LENGTH_MAX> reason{};
  int code = 0;
  std::vector<JSAMPROW> rows;
  std::vector<uint8_t> inks;  // a row of CMYK

  ~State() { jpeg_destroy_decompress(&decoder); }

  static void fail(j_common_ptr common) {
    auto& self = *static_cast<State*>(common->client_data);
    common->err->format_message(common, self.reason.data());
    self.code = common->err->msg_code;
    std::longjmp(self.left, 1);
  }
  static void warn(j_common_ptr common, int level) {
    if (level < 0 && !static_cast<State*>(common->client_data)->harmless(common->err->msg_code)) fail(common);
  }
  static void print(j_common_ptr) {}

  /// Whether every pixel is there all the same. Bytes where a header is due are harmless; after the picture's data they are what is left
  /// of a picture that lost some of its blocks.
  bool harmless(int warning) const {
    switch (warning) {
      case JWRN_EXTRANEOUS_DATA:
        return in_headers;
      case JWRN_JFIF_MAJOR:
      case JWRN_ADOBE_XFORM:
      case JWRN_NOT_SEQUENTIAL:
        return true;
      default:
        return false;
    }
  }

  // libjpeg leaves by longjmp: these two hold nothing that has a destructor.
  bool header() {
    if (setjmp(left)) return false;
    jpeg_create_decompress(&decoder);
    jpeg_mem_src(&decoder, bytes.data(), bytes.size());
    jpeg_read_header(&decoder, TRUE);
    in_headers = false;
    return true;
  }
  bool pixels() {
    if (setjmp(left)) return false;
    decoder.out_color_space = inks.empty() ? JCS_RGB : JCS_CMYK;
    decoder.dct_method = JDCT_ISLOW;
    jpeg_start_decompress(&decoder);
    while (decoder.output_scanline < decoder.output_height) {
      JSAMPROW* to = rows.data() + decoder.output_scanline;
      if (inks.empty()) {
        jpeg_read_scanlines(&decoder, to, decoder.output_height - decoder.output_scanline);
      } else {
        JSAMPROW ink_row = inks.data();
        jpeg_read_scanlines(&decoder, &ink_row, 1);
        cmyk_to_rgb(inks.data(), decoder.output_width, true, *to);
      }
    }
    jpeg_finish_decompress(&decoder);
    return true;
  }

  [[noreturn]] void refuse() const {
    switch (code) {
      case JERR_SOF_UNSUPPORTED:
      case JERR_BAD_PRECISION:
      case JERR_CONVERSION_NOTIMPL:
      case JERR_ARITH_NOTIMPL:
      case JERR_NOT_COMPILED:
        throw Error(fmt::format("JPEG of a kind that is not read ({}); convert it to an ordinary JPEG or PNG", reason.data()));
      case JWRN_JPEG_EOF:
      case JERR_INPUT_EOF:
        throw Error(fmt::format("truncated JPEG: {}", reason.data()));
      default:
        throw Error(fmt::format("damaged JPEG: {}", reason.data()));
    }
  }
};

JpegReader::JpegReader(std::span<const uint8_t> bytes) : state_(std::make_unique<State>()) {
  State& state = *state_;
  state.bytes = bytes;
  state.decoder.err = jpeg_std_error(&state.errors);
  state.decoder.client_data = &state;
  state.errors.error_exit = State::fail;
  state.errors.emit_message = State::warn;
  state.errors.output_message = State::print;
  if (!state.header()) state.refuse();
}

JpegReader::~JpegReader() = default;

int64_t JpegReader::height() const { return state_->decoder.image_height; }
int64_t JpegReader::width() const { return state_->decoder.image_width; }

void JpegReader::read(std::span<uint8_t> rgb) {
  const auto stride = static_cast<size_t>(width()) * 3;
  for (size_t y = 0; y < static_cast<size_t>(height()); ++y) state_->rows.push_back(rgb.data() + y * stride);
  if (state_->decoder.num_components == 4) state_->inks.resize(static_cast<size_t>(width()) * 4);
  if (!state_->pixels()) state_->refuse();
}

}  // namespace lafs::imaging
