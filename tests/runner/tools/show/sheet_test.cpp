#include "runner/tools/show/sheet.h"

#include <cmath>
#include <set>
#include <string>
#include <utility>

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
  CHECK(heat(std::nan("")) == heat(0));
}

TEST_CASE("show: what lies outside a sheet is not drawn") {
  Sheet sheet(8, 8);
  sheet.picture(6, 6, plain(4, 4, 9), 2);
  sheet.disc(-1e30, 3, 2, ink);
  sheet.disc(3, 1e300, 2, ink);
  sheet.disc(std::nan(""), 3, 2, ink);
  sheet.line(-1e9, 4, 1e300, 4, ink);
  sheet.line(0, std::nan(""), 7, 7, ink);
  sheet.text(-20, -30, "far away");
  sheet.fill(-5, -5, 6, 6, {7, 7, 7});
  CHECK(sheet.at(7, 7) == Colour{9, 9, 9});
  CHECK(sheet.at(0, 0) == Colour{7, 7, 7});
  CHECK(sheet.at(1, 4).r < 60);
  CHECK(sheet.at(5, 4).r < 60);
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

TEST_CASE("show: small discs are round, and a disc may lie between pixels") {
  Sheet sheet(21, 21);
  sheet.disc(10, 10, 2.5, {0, 0, 0}, 0);
  for (const auto& [x, y] : {std::pair{8, 10}, {12, 10}, {10, 8}, {10, 12}, {9, 9}, {11, 9}, {9, 11}, {11, 11}}) {
    CHECK(sheet.at(x, y) == Colour{0, 0, 0});
  }
  CHECK(sheet.at(7, 7) == paper);
  CHECK(sheet.at(13, 13) == paper);
  Sheet between(21, 21);
  between.disc(10.5, 10.5, 2.5, {0, 0, 0}, 0);
  for (const auto& [x, y] : {std::pair{8, 10}, {13, 10}, {10, 13}, {8, 11}}) CHECK(std::abs(between.at(x, y).r - 101) < 20);
}

TEST_CASE("show: text is smooth, stays in its box, and shows a question mark for what it cannot draw") {
  for (const Lettering lettering : {Lettering::caption, Lettering::heading, Lettering::title}) {
    const std::string words = "|gjpqyQ(){}[]@$";
    const int64_t width = text_width(words, lettering), height = text_height(lettering);
    Sheet sheet(width + 20, height + 20);
    sheet.text(10, 10, words, ink, lettering);
    std::set<int> greys;
    bool outside = false;
    for (int64_t y = 0; y < sheet.height(); ++y) {
      for (int64_t x = 0; x < sheet.width(); ++x) {
        const bool inside = x >= 9 && x <= 10 + width && y >= 9 && y <= 10 + height;
        greys.insert(sheet.at(x, y).r);
        outside = outside || (!inside && sheet.at(x, y) != paper);
      }
    }
    CHECK(greys.size() > 5);
    CHECK_FALSE(outside);
  }
  CHECK(text_width("a\nb") == text_width("a?b"));
  CHECK(text_width("") == 0);
}

TEST_CASE("show: a zoomed pixel keeps its middle") {
  CHECK(zoomed_place(0, 1) == 0);
  CHECK(zoomed_place(0, 3) == 1);
  CHECK(zoomed_place(-0.5, 4) == -0.5);
}

TEST_CASE("show: words that are too long lose their beginning") {
  CHECK(fitted_text("abc.png", 500) == "abc.png");
  CHECK(fitted_text("a/long/way/to/abc.png", text_width("..abc.png")) == "..abc.png");
  CHECK(fitted_text("abc", 0) == "");
}

TEST_CASE("show: a line is left for captions where a row has any") {
  ContactSheet bare, with;
  bare.headings = with.headings = {""};
  bare.rows = {{{plain(10, 40, 1), ""}}};
  with.rows = {{{plain(10, 40, 1), "x"}}};
  CHECK(with.draw().height() == bare.draw().height() + 4 + text_height());
}

TEST_CASE("show: a contact sheet is as large as its pictures ask for") {
  ContactSheet contact;
  contact.title = "t";
  contact.headings = {"a", "b", "b"};
  contact.rows = {{{plain(10, 40, 1), ""}, {plain(20, 40, 2), ""}, {plain(10, 40, 3), ""}}};
  const Sheet sheet = contact.draw();
  CHECK(sheet.width() == 24 + 40 + 22 + 40 + 6 + 40 + 24);
  CHECK(sheet.at(24, sheet.height() - 24 - 20) == Colour{1, 1, 1});
  CHECK(sheet.at(86, sheet.height() - 24 - 1) == Colour{2, 2, 2});
  CHECK(sheet.at(0, 0) == paper);
}

}  // namespace
}  // namespace lafs::test
