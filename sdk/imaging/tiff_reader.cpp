#include "imaging/tiff_reader.h"

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <tiffio.h>

#include "imaging/cmyk.h"
#include "imaging/turn.h"
#include "lafs/error.h"

namespace lafs::imaging {

namespace {

/// A TIFF that libtiff reads from memory.
struct Memory {
  std::span<const uint8_t> bytes;
  uint64_t at = 0;
  std::string reason;        // what libtiff said first
  bool pixels_lost = false;  // it only warned, but pixels are not what was written

  static tmsize_t read(thandle_t handle, void* to, tmsize_t wanted) {
    auto& self = *static_cast<Memory*>(handle);
    const uint64_t there = self.bytes.size() - std::min<uint64_t>(self.at, self.bytes.size());
    const auto count = static_cast<size_t>(std::min<uint64_t>(there, static_cast<uint64_t>(std::max<tmsize_t>(wanted, 0))));
    if (count > 0) std::memcpy(to, self.bytes.data() + self.at, count);
    self.at += count;
    return static_cast<tmsize_t>(count);
  }
  static tmsize_t write(thandle_t, void*, tmsize_t) { return 0; }
  static toff_t seek(thandle_t handle, toff_t offset, int from) {
    auto& self = *static_cast<Memory*>(handle);
    self.at = from == SEEK_SET ? offset : from == SEEK_CUR ? self.at + offset : self.bytes.size() + offset;
    return self.at;
  }
  static int close(thandle_t) { return 0; }
  static toff_t size(thandle_t handle) { return static_cast<Memory*>(handle)->bytes.size(); }
  static int map(thandle_t, void**, toff_t*) { return 0; }
  static void unmap(thandle_t, void*, toff_t) {}

  static int keep_error(TIFF*, void* self, const char*, const char* format, va_list values) {
    std::array<char, 256> text{};
    std::vsnprintf(text.data(), text.size(), format, values);
    auto& reason = static_cast<Memory*>(self)->reason;
    if (reason.empty()) reason = text.data();
    return 1;
  }
  /// Most warnings are of tags that nobody needs; those of the decoders of JPEG and fax are of pixels.
  static int look_at_warning(TIFF* tiff, void* self, const char* module, const char* format, va_list values) {
    if (module && (std::strcmp(module, "JPEGLib") == 0 || std::strncmp(module, "Fax", 3) == 0)) {
      static_cast<Memory*>(self)->pixels_lost = true;
      keep_error(tiff, self, module, format, values);
    }
    return 1;
  }
};

// A strip or tile that is asked for by a header of a few bytes.
constexpr tmsize_t largest_block = tmsize_t{1} << 30;

}  // namespace

struct TiffReader::State {
  Memory memory;
  TIFF* tiff = nullptr;
  uint32_t height = 0, width = 0;
  uint16_t bits = 1, samples = 1, photometric = 0, planar = PLANARCONFIG_CONTIG, orientation = 1;
  bool multiplied = false;  // colours by alpha
  std::array<uint16_t*, 3> palette{};

  ~State() {
    if (tiff) TIFFClose(tiff);
  }

  [[noreturn]] void refuse() const {
    const bool cut = memory.reason.find("Read error") != std::string::npos || memory.reason.find("got ") != std::string::npos;
    throw Error(fmt::format("{} TIFF: {}", cut ? "truncated" : "damaged", memory.reason.empty() ? "it cannot be read" : memory.reason));
  }
  [[noreturn]] static void foreign(const std::string& what) {
    throw Error(fmt::format("is a TIFF {}, which is not read; convert it to PNG or JPEG", what));
  }

  void open() {
    TIFFOpenOptions* options = TIFFOpenOptionsAlloc();
    TIFFOpenOptionsSetErrorHandlerExtR(options, Memory::keep_error, &memory);
    TIFFOpenOptionsSetWarningHandlerExtR(options, Memory::look_at_warning, &memory);
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, largest_block);
    tiff = TIFFClientOpenExt("memory", "rm", &memory, Memory::read, Memory::write, Memory::seek, Memory::close, Memory::size, Memory::map,
                             Memory::unmap, options);
    TIFFOpenOptionsFree(options);
    if (!tiff) refuse();
  }
  void header() {
    if (!TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &width) || !TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &height)) refuse();
    if (!TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &photometric)) throw Error("damaged TIFF: it does not say what its colours mean");
    TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &bits);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &samples);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &planar);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_ORIENTATION, &orientation);
    if (orientation < 1 || orientation > 8) orientation = 1;
    uint16_t extras = 0, *meanings = nullptr, format = SAMPLEFORMAT_UINT;
    TIFFGetFieldDefaulted(tiff, TIFFTAG_EXTRASAMPLES, &extras, &meanings);
    multiplied = photometric == PHOTOMETRIC_RGB && bits == 8 && samples > 3 && extras > 0 && meanings[0] == EXTRASAMPLE_ASSOCALPHA;
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &format);
    if (format != SAMPLEFORMAT_UINT && format != SAMPLEFORMAT_VOID) foreign("whose pixels are no unsigned whole numbers");
    kind();
  }

  /// Samples of a pixel that its colour takes.
  uint16_t wanted() const {
    return photometric == PHOTOMETRIC_SEPARATED || multiplied                   ? 4
           : photometric == PHOTOMETRIC_RGB || photometric == PHOTOMETRIC_YCBCR ? 3
                                                                                : 1;
  }

  /// Refuses what is not read, and has libjpeg convert what it can.
  void kind() {
    switch (photometric) {
      case PHOTOMETRIC_MINISBLACK:
      case PHOTOMETRIC_MINISWHITE: {
        const bool small = bits == 1 || bits == 2 || bits == 4 || bits == 8;
        if (!small || (bits < 8 && samples > 1)) foreign(fmt::format("of {}-bit grey", bits));
        break;
      }
      case PHOTOMETRIC_PALETTE:
        if (!TIFFGetField(tiff, TIFFTAG_COLORMAP, &palette[0], &palette[1], &palette[2]))
          throw Error("damaged TIFF: its palette is missing");
        if (bits > 8 || samples != 1) foreign(fmt::format("with a palette and {} bits a pixel", bits));
        break;
      case PHOTOMETRIC_RGB:
        if (bits != 8 && bits != 16) foreign(fmt::format("of {}-bit colour", bits));
        break;
      case PHOTOMETRIC_SEPARATED:
        if (bits != 8) foreign(fmt::format("of {}-bit CMYK", bits));
        break;
      case PHOTOMETRIC_YCBCR:
        ycbcr();
        break;
      case PHOTOMETRIC_CIELAB:
        foreign("in CIE Lab colours");
      default:
        foreign(fmt::format("whose colours are of kind {}", photometric));
    }
    if (samples < wanted()) throw Error(fmt::format("damaged TIFF: {} samples a pixel where {} are needed", samples, wanted()));
  }
  void ycbcr() {
    uint16_t compression = COMPRESSION_NONE;
    TIFFGetFieldDefaulted(tiff, TIFFTAG_COMPRESSION, &compression);
    if (bits != 8 || compression != COMPRESSION_JPEG || planar != PLANARCONFIG_CONTIG) foreign("in YCbCr colours without JPEG");
    TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
  }

  /// Copies the colour samples of one row of a block: `count` pixels into `row`, `wanted()` bytes each. `plane`: the one sample there is
  /// where each has a block of its own, else -1.
  void take(const uint8_t* from, uint32_t count, int plane, uint8_t* row) const {
    const uint16_t each = wanted();
    const uint32_t step = plane < 0 ? samples : 1, first = plane < 0 ? 0 : static_cast<uint32_t>(plane),
                   last = plane < 0 ? each : first + 1;
    for (uint32_t x = 0; x < count; ++x) {
      for (uint32_t c = first; c < last; ++c) {
        const size_t i = static_cast<size_t>(x) * step + (plane < 0 ? c : 0);
        uint8_t value = 0;
        if (bits == 16) {
          uint16_t wide;
          std::memcpy(&wide, from + i * 2, 2);
          value = static_cast<uint8_t>(wide >> 8);
        } else if (bits == 8) {
          value = from[i];
        } else {
          const size_t bit = i * bits;
          value = static_cast<uint8_t>(from[bit / 8] >> (8 - bits - bit % 8) & ((1 << bits) - 1));
        }
        row[static_cast<size_t>(x) * each + c] = value;
      }
    }
  }

  /// Reads every strip or tile of a plane.
  void blocks(int plane, std::span<uint8_t> samples_out) {
    const bool tiled = TIFFIsTiled(tiff);
    uint32_t block_width = width, block_height = height;
    if (tiled) {
      TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &block_width);
      TIFFGetField(tiff, TIFFTAG_TILELENGTH, &block_height);
    } else {
      TIFFGetFieldDefaulted(tiff, TIFFTAG_ROWSPERSTRIP, &block_height);
      block_height = std::min(block_height, height);
    }
    const tmsize_t bytes = tiled ? TIFFTileSize(tiff) : TIFFStripSize(tiff), line = tiled ? TIFFTileRowSize(tiff) : TIFFScanlineSize(tiff);
    if (bytes <= 0 || bytes > largest_block || line <= 0 || block_width < 1 || block_height < 1) refuse();
    std::vector<uint8_t> block(static_cast<size_t>(bytes));
    const auto sample = static_cast<uint16_t>(std::max(plane, 0));
    for (uint32_t y = 0; y < height; y += block_height) {
      const uint32_t rows = std::min(block_height, height - y);
      const tmsize_t needed = tiled ? bytes : line * static_cast<tmsize_t>(rows);
      for (uint32_t x = 0; x < width; x += block_width) {
        const tmsize_t got = tiled ? TIFFReadEncodedTile(tiff, TIFFComputeTile(tiff, x, y, 0, sample), block.data(), bytes)
                                   : TIFFReadEncodedStrip(tiff, TIFFComputeStrip(tiff, y, sample), block.data(), needed);
        if (got < needed || memory.pixels_lost) refuse();
        const uint32_t count = std::min(block_width, width - x);
        for (uint32_t r = 0; r < rows; ++r) {
          const size_t at = (static_cast<size_t>(y + r) * width + x) * wanted();
          take(block.data() + static_cast<size_t>(line) * r, count, plane, samples_out.data() + at);
        }
      }
    }
  }

  static void divide_by_alpha(const std::vector<uint8_t>& rgba, uint8_t* rgb) {
    for (size_t i = 0; i < rgba.size(); i += 4, rgb += 3) {
      const int alpha = rgba[i + 3];
      for (size_t c = 0; c < 3; ++c) rgb[c] = static_cast<uint8_t>(alpha ? std::min(255, rgba[i + c] * 255 / alpha) : 0);
    }
  }

  /// Colours of one pixel after the other, as the file holds them.
  void colours(const std::vector<uint8_t>& from, uint8_t* rgb) const {
    const size_t pixels = static_cast<size_t>(height) * width;
    const int most = (1 << std::min<int>(bits, 8)) - 1;
    if (photometric == PHOTOMETRIC_SEPARATED) return cmyk_to_rgb(from.data(), pixels, false, rgb);
    if (wanted() == 3) return static_cast<void>(std::copy(from.begin(), from.end(), rgb));
    if (multiplied) return divide_by_alpha(from, rgb);
    for (size_t i = 0; i < pixels; ++i, rgb += 3) {
      const int value = from[i];
      for (size_t c = 0; c < 3; ++c) {
        if (photometric == PHOTOMETRIC_PALETTE) {
          rgb[c] = static_cast<uint8_t>(palette[c][value] >> 8);
        } else {
          const int grey = value * 255 / most;
          rgb[c] = static_cast<uint8_t>(photometric == PHOTOMETRIC_MINISWHITE ? 255 - grey : grey);
        }
      }
    }
  }
};

TiffReader::TiffReader(std::span<const uint8_t> bytes) : state_(std::make_unique<State>()) {
  state_->memory.bytes = bytes;
  state_->open();
  state_->header();
}

TiffReader::~TiffReader() = default;

int64_t TiffReader::height() const { return sides_swap(state_->orientation) ? state_->width : state_->height; }
int64_t TiffReader::width() const { return sides_swap(state_->orientation) ? state_->height : state_->width; }

void TiffReader::read(std::span<uint8_t> rgb) {
  State& state = *state_;
  std::vector<uint8_t> stored(rgb.size() / 3 * state.wanted());
  if (state.planar == PLANARCONFIG_CONTIG || state.samples == 1) {
    state.blocks(-1, stored);
  } else {
    for (int plane = 0; plane < state.wanted(); ++plane) state.blocks(plane, stored);
  }
  if (state.orientation == 1) return state.colours(stored, rgb.data());
  std::vector<uint8_t> lying(rgb.size());
  state.colours(stored, lying.data());
  turn(lying.data(), state.height, state.width, state.orientation, rgb.data());
}

}  // namespace lafs::imaging
