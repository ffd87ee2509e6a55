#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lafs/sample.h"

namespace lafs {

/// 8-bit sRGB.
struct Colour {
  uint8_t r = 0, g = 0, b = 0;
  bool operator==(const Colour&) const = default;
};

constexpr Colour paper{255, 255, 255}, ink{32, 33, 36}, faint_ink{84, 88, 96}, hairline{214, 216, 220};

/// A colour for a share in [0, 1], limited to it, NaN being 0: OpenCV's "viridis", dark blue over green to yellow. Its lightness rises
/// evenly, so that order is seen in grey print too.
Colour heat(double share);

enum class Lettering { caption, heading, title };

/// A white sheet to draw on. Coordinates are pixels from the top left corner; what lies outside is not drawn. [one thread at a time]
class Sheet {
 public:
  /// Throws Error for a side that is not in [1, 65536].
  Sheet(int64_t width, int64_t height, Colour ground = paper);
  int64_t width() const { return width_; }
  int64_t height() const { return height_; }
  Colour at(int64_t x, int64_t y) const;  ///< inside the sheet

  void fill(int64_t x, int64_t y, int64_t width, int64_t height, Colour colour);
  /// A picture with each pixel as zoom x zoom pixels.
  void picture(int64_t x, int64_t y, const Image& image, int64_t zoom = 1);
  /// A smooth disc inside a white and a black rim, each `rim` pixels wide, for contrast with any ground. Its middle may lie between
  /// pixels; the pixel at (0, 0) has its middle there.
  void disc(double x, double y, double radius, Colour colour, double rim = 1);
  /// A smooth line, one pixel wide, between the middles of two pixels, or points between them.
  void line(double x0, double y0, double x1, double y1, Colour colour);
  /// A line of smooth text, its top left corner at (x, y). Other bytes than printable ASCII are "?".
  void text(int64_t x, int64_t y, std::string_view words, Colour colour = ink, Lettering lettering = Lettering::caption);

  Image image() const;

 private:
  void dot(double x, double y, double radius, Colour colour);

  int64_t width_, height_;
  std::vector<uint8_t> bytes_;  ///< [height, width, 3]
};

/// Pixels that a line of text takes: across, and down with what hangs below the line.
int64_t text_width(std::string_view words, Lettering lettering = Lettering::caption);
int64_t text_height(Lettering lettering = Lettering::caption);
/// The words if they fit, else their end behind "..": names of files differ in their ends.
std::string fitted_text(std::string_view words, int64_t width, Lettering lettering = Lettering::caption);

}  // namespace lafs
