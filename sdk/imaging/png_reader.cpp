#include "imaging/png_reader.h"

#include <csetjmp>
#include <cstring>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <png.h>

#include "lafs/error.h"

namespace lafs::imaging {

struct PngReader::State {
  std::span<const uint8_t> bytes;
  size_t at = 0;
  bool cut = false;
  std::string reason;
  png_structp png = nullptr;
  png_infop info = nullptr;
  std::vector<png_bytep> rows;

  ~State() { png_destroy_read_struct(&png, &info, nullptr); }

  static void take(png_structp png, png_bytep out, size_t count) {
    auto& self = *static_cast<State*>(png_get_io_ptr(png));
    if (count > self.bytes.size() - self.at) {
      self.cut = true;
      png_error(png, "the file ends early");
    }
    std::memcpy(out, self.bytes.data() + self.at, count);
    self.at += count;
  }
  static void fail(png_structp png, png_const_charp reason) {
    static_cast<State*>(png_get_error_ptr(png))->reason = reason;
    png_longjmp(png, 1);
  }
  static void warn(png_structp, png_const_charp) {}

  // libpng leaves by longjmp: these two hold nothing that has a destructor.
  bool header() {
    if (setjmp(png_jmpbuf(png))) return false;
    png_read_info(png, info);
    png_set_expand(png);
    png_set_scale_16(png);
    png_set_strip_alpha(png);
    png_set_gray_to_rgb(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    return true;
  }
  bool pixels() {
    if (setjmp(png_jmpbuf(png))) return false;
    png_read_image(png, rows.data());
    png_read_end(png, nullptr);
    return true;
  }
  [[noreturn]] void refuse() const { throw Error(fmt::format("{} PNG: {}", cut ? "truncated" : "damaged", reason)); }
};

PngReader::PngReader(std::span<const uint8_t> bytes) : state_(std::make_unique<State>()) {
  state_->bytes = bytes;
  state_->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, state_.get(), State::fail, State::warn);
  if (state_->png) state_->info = png_create_info_struct(state_->png);
  if (!state_->info) throw Error("the PNG decoder did not start");
  png_set_read_fn(state_->png, state_.get(), State::take);
  if (!state_->header()) state_->refuse();
}

PngReader::~PngReader() = default;

int64_t PngReader::height() const { return png_get_image_height(state_->png, state_->info); }
int64_t PngReader::width() const { return png_get_image_width(state_->png, state_->info); }

void PngReader::read(std::span<uint8_t> rgb) {
  const auto stride = static_cast<size_t>(width() * 3);
  for (int64_t y = 0; y < height(); ++y) state_->rows.push_back(rgb.data() + static_cast<size_t>(y) * stride);
  if (!state_->pixels()) state_->refuse();
}

}  // namespace lafs::imaging
