#include "runner/tools/show/sheet.h"

#include <doctest/doctest.h>

#include "imaging/decode.h"
#include "lafs/error.h"
#include "runner/tools/show/contact_sheet.h"

namespace lafs::test {
namespace {

Image plain(int64_t height, int64_t width, uint8_t value) {
  return imaging::image_of(height, width, std::vector<uint8_t>(static_cast<size_t>(height * width * 3), value));
}

TEST_CASE("show: heat colours rise in lightness all the way") {
  double before = -1;
  for (int i = 0; i <= 100; ++i) {
    const Colour c = heat(i / 100.0);
    const double luma = 0.2126 * c.r + 0.7152 * c.g + 0.0722 * c.b;
    CHECK(luma > before);
    before = luma;
  }
  CHECK(heat(-1) == heat(0));
  CHECK(heat(2) == heat(1));
}

TEST_CASE("show: what lies outside a sheet is not drawn") {
  Sheet sheet(8, 8);
  sheet.picture(6, 6, plain(4, 4, 9), 2);
  sheet.disc(-1e30, 3, 2, ink);
  sheet.disc(3, 1e300, 2, ink);
  sheet.line(-1e9, 4, 1e9, 4, 1, ink);
  sheet.text(-20, -3, "far away");
  CHECK(sheet.at(7, 7) == Colour{9, 9, 9});
  CHECK(sheet.at(5, 4) == ink);
  CHECK(sheet.at(5, 1) == paper);
  CHECK_THROWS_WITH_AS(Sheet(0, 5), "a sheet of 0 x 5 pixels cannot be drawn; 65536 a side at most", Error);
}

TEST_CASE("show: a disc stands in a white rim inside a black one") {
  Sheet sheet(21, 21, {90, 90, 90});
  const Colour yellow{255, 190, 40};
  sheet.disc(10, 10, 4, yellow, 2);
  CHECK(sheet.at(10, 10) == yellow);
  CHECK(sheet.at(15, 10) == paper);
  CHECK(sheet.at(17, 10) == Colour{0, 0, 0});
  CHECK(sheet.at(19, 10) == Colour{90, 90, 90});
}

TEST_CASE("show: a zoomed pixel keeps its middle") {
  CHECK(zoomed_place(0, 1) == 0);
  CHECK(zoomed_place(0, 3) == 1);
  CHECK(zoomed_place(-0.5, 4) == -0.5);
}

TEST_CASE("show: words that are too long lose their beginning") {
  CHECK(text_width("il") == 4);
  CHECK(fitted_text("abc.png", 500) == "abc.png");
  CHECK(fitted_text("a/long/way/to/abc.png", text_width("..abc.png")) == "..abc.png");
  CHECK(fitted_text("abc", 0) == "");
}

TEST_CASE("show: a contact sheet is as large as its pictures ask for") {
  ContactSheet contact;
  contact.title = "t";
  contact.headings = {"a", "b", "b"};
  contact.rows = {{{plain(10, 40, 1), ""}, {plain(20, 40, 2), ""}, {plain(10, 40, 3), ""}}};
  const Sheet sheet = contact.draw();
  CHECK(sheet.width() == 24 + 40 + 22 + 40 + 6 + 40 + 24);
  CHECK(sheet.at(24, sheet.height() - 24 - 9 - 5 - 20) == Colour{1, 1, 1});
  CHECK(sheet.at(86, sheet.height() - 24 - 9 - 5 - 1) == Colour{2, 2, 2});
  CHECK(sheet.at(0, 0) == paper);
}

}  // namespace
}  // namespace lafs::test
