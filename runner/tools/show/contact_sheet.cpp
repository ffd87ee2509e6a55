#include "runner/tools/show/contact_sheet.h"

#include <algorithm>

namespace lafs {

namespace {

constexpr int64_t margin = 24, gap = 6, group_gap = 22, row_gap = 16, heading_size = 2, widest_caption = 190, strip_width = 256;

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

Places places_of(const ContactSheet& sheet) {
  Places places;
  places.width = column_widths(sheet);
  int64_t x = margin;
  for (size_t c = 0; c < places.width.size(); ++c) {
    if (c > 0) x += starts_group(sheet.headings, c) ? group_gap : gap;
    places.left.push_back(x);
    x += places.width[c];
  }
  places.sheet_width = std::max({x, margin + text_width(sheet.title, 2), margin + text_width(sheet.subtitle)}) + margin;
  int64_t y = margin + text_height(2) + 6 + text_height() + 20;
  places.headings = y;
  const bool named = std::any_of(sheet.headings.begin(), sheet.headings.end(), [](const std::string& name) { return !name.empty(); });
  if (named) y += text_height(heading_size) + 12;
  for (const auto& row : sheet.rows) {
    int64_t tallest = 0;
    for (const Cell& cell : row) tallest = std::max(tallest, cell.image.height);
    places.top.push_back(y);
    places.height.push_back(tallest);
    y += tallest + 5 + text_height() + row_gap;
  }
  if (!sheet.low.empty() || !sheet.high.empty()) {
    places.strip = y + 4;
    y = places.strip + 14 + 5 + text_height() + row_gap;
    places.sheet_width = std::max(places.sheet_width, strip_width + 2 * margin);
  }
  places.sheet_height = y - row_gap + margin;
  return places;
}

void draw_headings(Sheet& out, const ContactSheet& sheet, const Places& places) {
  for (size_t c = 0; c < sheet.headings.size(); c = group_end(sheet.headings, c)) {
    const size_t last = group_end(sheet.headings, c) - 1;
    const int64_t width = places.left[last] + places.width[last] - places.left[c];
    const int64_t size = text_width(sheet.headings[c], heading_size) <= width ? heading_size : 1;
    const int64_t base = places.headings + 7 * heading_size;
    out.text(places.left[c], base - 7 * size, fitted_text(sheet.headings[c], width, size), ink, size);
    if (!sheet.headings[c].empty()) out.fill(places.left[c], base + 7, width, 1, hairline);
  }
}

void draw_strip(Sheet& out, const ContactSheet& sheet, int64_t top) {
  for (int64_t i = 0; i < strip_width; ++i) {
    out.fill(margin + i, top, 1, 14, heat(static_cast<double>(i) / static_cast<double>(strip_width - 1)));
  }
  out.text(margin, top + 19, sheet.low, faint_ink);
  out.text(margin + strip_width - text_width(sheet.high), top + 19, sheet.high, faint_ink);
}

}  // namespace

Sheet ContactSheet::draw() const {
  const Places places = places_of(*this);
  Sheet out(places.sheet_width, places.sheet_height);
  out.text(margin, margin, title, ink, 2);
  out.text(margin, margin + text_height(2) + 6, subtitle, faint_ink);
  draw_headings(out, *this, places);
  for (size_t r = 0; r < rows.size(); ++r) {
    for (size_t c = 0; c < rows[r].size(); ++c) {
      const Cell& cell = rows[r][c];
      if (cell.image.bytes) out.picture(places.left[c], places.top[r], cell.image);
      const int64_t below = places.top[r] + (cell.image.bytes ? cell.image.height : places.height[r]) + 5;
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
