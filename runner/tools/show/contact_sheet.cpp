#include "runner/tools/show/contact_sheet.h"

#include <algorithm>

namespace lafs {

namespace {

constexpr int64_t margin = 24, gap = 6, group_gap = 22, row_gap = 14, widest_caption = 190, below_picture = 4;
constexpr int64_t strip_width = 256, strip_height = 14;

/// Where everything lies.
struct Places {
  std::vector<int64_t> left, width;  ///< of the columns
  std::vector<int64_t> top, height;  ///< of the rows' pictures
  int64_t headings = 0, strip = 0;   ///< upper edges
  int64_t sheet_width = 0, sheet_height = 0;
};

bool starts_group(const std::vector<std::string>& headings, size_t column) {
  return column == 0 || headings[column] != headings[column - 1];
}

size_t group_end(const std::vector<std::string>& headings, size_t column) {
  size_t end = column + 1;
  while (end < headings.size() && headings[end] == headings[column]) ++end;
  return end;
}

std::vector<int64_t> column_widths(const ContactSheet& sheet) {
  std::vector<int64_t> widths(sheet.headings.size(), 0);
  for (const auto& row : sheet.rows) {
    for (size_t c = 0; c < row.size(); ++c) {
      widths[c] = std::max({widths[c], row[c].image.width, std::min(text_width(row[c].caption), widest_caption)});
    }
  }
  for (size_t c = 0; c < widths.size(); c = group_end(sheet.headings, c)) {
    const size_t end = group_end(sheet.headings, c);
    if (end == c + 1) widths[c] = std::max(widths[c], text_width(sheet.headings[c]));
  }
  return widths;
}

/// From left to right.
void place_columns(Places& places, const ContactSheet& sheet) {
  places.width = column_widths(sheet);
  int64_t x = margin;
  for (size_t c = 0; c < places.width.size(); ++c) {
    if (c > 0) x += starts_group(sheet.headings, c) ? group_gap : gap;
    places.left.push_back(x);
    x += places.width[c];
  }
  places.sheet_width = std::max({x, margin + text_width(sheet.title, Lettering::title), margin + text_width(sheet.subtitle)}) + margin;
}

/// From top to bottom.
void place_rows(Places& places, const ContactSheet& sheet) {
  int64_t y = margin + text_height(Lettering::title) + 4 + text_height() + 16;
  places.headings = y;
  const bool named = std::any_of(sheet.headings.begin(), sheet.headings.end(), [](const std::string& name) { return !name.empty(); });
  if (named) y += text_height(Lettering::heading) + 10;
  for (const auto& row : sheet.rows) {
    int64_t tallest = 0;
    bool captions = false;
    for (const Cell& cell : row) {
      tallest = std::max(tallest, cell.image.height);
      captions = captions || !cell.caption.empty();
    }
    places.top.push_back(y);
    places.height.push_back(tallest);
    y += tallest + (captions ? below_picture + text_height() : 0) + row_gap;
  }
  if (!sheet.low.empty() || !sheet.high.empty()) {
    places.strip = y + 4;
    y = places.strip + strip_height + below_picture + text_height() + row_gap;
    places.sheet_width = std::max(places.sheet_width, strip_width + 2 * margin);
  }
  places.sheet_height = y - row_gap + margin;
}

void draw_headings(Sheet& out, const ContactSheet& sheet, const Places& places) {
  for (size_t c = 0; c < sheet.headings.size(); c = group_end(sheet.headings, c)) {
    if (sheet.headings[c].empty()) continue;
    const size_t last = group_end(sheet.headings, c) - 1;
    const int64_t width = places.left[last] + places.width[last] - places.left[c];
    const bool fits = text_width(sheet.headings[c], Lettering::heading) <= width;
    const Lettering lettering = fits ? Lettering::heading : Lettering::caption;
    const int64_t bottom = places.headings + text_height(Lettering::heading);
    out.text(places.left[c], bottom - text_height(lettering), fitted_text(sheet.headings[c], width, lettering), ink, lettering);
    out.fill(places.left[c], bottom + 3, width, 1, hairline);
  }
}

void draw_strip(Sheet& out, const ContactSheet& sheet, int64_t top) {
  for (int64_t i = 0; i < strip_width; ++i) {
    out.fill(margin + i, top, 1, strip_height, heat(static_cast<double>(i) / static_cast<double>(strip_width - 1)));
  }
  const int64_t below = top + strip_height + below_picture;
  out.text(margin, below, sheet.low, faint_ink);
  out.text(margin + strip_width - text_width(sheet.high), below, sheet.high, faint_ink);
}

}  // namespace

Sheet ContactSheet::draw() const {
  Places places;
  place_columns(places, *this);
  place_rows(places, *this);
  Sheet out(places.sheet_width, places.sheet_height);
  out.text(margin, margin, title, ink, Lettering::title);
  out.text(margin, margin + text_height(Lettering::title) + 4, subtitle, faint_ink);
  draw_headings(out, *this, places);
  for (size_t r = 0; r < rows.size(); ++r) {
    for (size_t c = 0; c < rows[r].size(); ++c) {
      const Cell& cell = rows[r][c];
      if (cell.image.bytes) out.picture(places.left[c], places.top[r], cell.image);
      const int64_t below = places.top[r] + (cell.image.bytes ? cell.image.height : places.height[r]) + below_picture;
      out.text(places.left[c], below, fitted_text(cell.caption, places.width[c]), faint_ink);
    }
  }
  if (places.strip > 0) draw_strip(out, *this, places.strip);
  return out;
}

Sheet zoomed(const Image& image, int64_t zoom) {
  Sheet sheet(image.width * zoom, image.height * zoom);
  sheet.picture(0, 0, image, zoom);
  return sheet;
}

double zoomed_place(double coordinate, int64_t zoom) {
  return coordinate * static_cast<double>(zoom) + 0.5 * static_cast<double>(zoom - 1);
}

}  // namespace lafs
