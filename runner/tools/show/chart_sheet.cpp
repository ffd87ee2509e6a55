#include "runner/tools/show/chart_sheet.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "lafs/error.h"
#include "runner/report/chart_layout.h"

namespace lafs {

namespace {

constexpr int64_t edge = 28, plot_width = 720, plot_height = 300, label_width = 56, below_plot = 46, above_plot = 52, between = 26;

/// The colours of a report on a white page.
constexpr std::array<Colour, 8> series_colours{
    {{42, 120, 214}, {235, 104, 52}, {27, 175, 122}, {237, 161, 0}, {232, 123, 164}, {0, 131, 0}, {74, 58, 167}, {227, 73, 72}}};

Colour mixed_with_paper(Colour colour, double share) {
  const auto mix = [&](uint8_t a) { return static_cast<uint8_t>(std::lround(255 + share * (a - 255))); };
  return {mix(colour.r), mix(colour.g), mix(colour.b)};
}

/// Where one chart lies.
struct Plot {
  const ChartLayout& layout;
  int64_t left, top;
  double px(double v) const { return static_cast<double>(left) + layout.x.share(v) * plot_width; }
  double py(double v) const { return static_cast<double>(top + plot_height) - layout.y.share(v) * plot_height; }
};

void draw_axes(Sheet& out, const Plot& plot, const Chart& chart) {
  for (const double tick : plot.layout.y.ticks) {
    const auto y = static_cast<int64_t>(std::lround(plot.py(tick)));
    const std::string text = plot.layout.y.tick_text(tick);
    out.fill(plot.left, y, plot_width, 1, hairline);
    out.text(plot.left - 8 - text_width(text), y - text_height() / 2, text, faint_ink);
  }
  for (const double tick : plot.layout.x.ticks) {
    const auto x = static_cast<int64_t>(std::lround(plot.px(tick)));
    const std::string text = plot.layout.x.tick_text(tick);
    if (plot.layout.x.powers) out.fill(x, plot.top, 1, plot_height, hairline);
    out.text(x - text_width(text) / 2, plot.top + plot_height + 6, text, faint_ink);
  }
  out.fill(plot.left, plot.top + plot_height, plot_width, 1, faint_ink);
  out.text(plot.left + (plot_width - text_width(chart.x_name)) / 2, plot.top + plot_height + 24, chart.x_name, faint_ink);
}

/// Columns of the area below a line whose x never falls.
void draw_area(Sheet& out, const Plot& plot, const std::vector<std::pair<double, double>>& points, Colour colour) {
  for (size_t i = 1; i < points.size(); ++i) {
    const auto from = static_cast<int64_t>(std::lround(plot.px(points[i - 1].first)));
    const auto to = static_cast<int64_t>(std::lround(plot.px(points[i].first)));
    const auto top = static_cast<int64_t>(std::lround(plot.py(points[i].second)));
    for (int64_t x = from; x < to; ++x)
      for (int64_t y = top; y < plot.top + plot_height; ++y) {
        const Colour there = out.at(x, y);  // where two areas meet, both are seen
        out.fill(x, y, 1, 1,
                 {static_cast<uint8_t>(there.r * colour.r / 255), static_cast<uint8_t>(there.g * colour.g / 255),
                  static_cast<uint8_t>(there.b * colour.b / 255)});
      }
  }
}

void draw_line(Sheet& out, const Plot& plot, const std::vector<std::pair<double, double>>& points, Colour colour) {
  for (size_t i = 1; i < points.size(); ++i)
    for (const double lower : {-0.5, 0.5})  // two lines beside each other are one of twice the width
      out.line(plot.px(points[i - 1].first), plot.py(points[i - 1].second) + lower, plot.px(points[i].first),
               plot.py(points[i].second) + lower, colour);
  if (points.size() <= 12)
    for (const auto& [x, y] : points) out.disc(plot.px(x), plot.py(y), 4, colour);
}

/// Where the names of a legend lie, from the left end of its first line: names that do not fit begin another line, below the y axis's name.
std::vector<std::pair<int64_t, int64_t>> legend_places(const ChartLayout& layout, int64_t first_x) {
  std::vector<std::pair<int64_t, int64_t>> places;
  int64_t x = first_x, y = 0;
  for (const std::string& name : layout.names) {
    if (x > 0 && x + 22 + text_width(name) > label_width + plot_width) x = 0, y += text_height() + 6;
    places.emplace_back(x, y);
    x += 22 + text_width(name) + 20;
  }
  return places;
}

void draw_legend(Sheet& out, const ChartLayout& layout, const std::vector<std::pair<int64_t, int64_t>>& places, int64_t top) {
  for (size_t i = 0; i < places.size(); ++i) {
    const int64_t x = edge + places[i].first, y = top + places[i].second;
    out.fill(x, y + text_height() / 2 - 1, 16, 3, series_colours[i % series_colours.size()]);
    out.text(x + 22, y, layout.names[i], faint_ink);
  }
}

/// A chart with its legend, which one line alone needs none of.
struct DrawnChart {
  const Chart* chart;
  ChartLayout layout;
  std::vector<std::pair<int64_t, int64_t>> legend;

  int64_t above() const { return above_plot + (legend.empty() ? 0 : legend.back().second); }
  int64_t height() const { return above() + plot_height + below_plot + between; }
};

void draw_chart(Sheet& out, const DrawnChart& drawn, int64_t top) {
  const auto& [chart, layout, legend] = drawn;
  const Plot plot{layout, edge + label_width, top + drawn.above()};
  out.text(edge, top, chart->title, ink, Lettering::heading);
  out.text(edge, top + 26, chart->y_name, faint_ink);
  draw_legend(out, layout, legend, top + 26);
  draw_axes(out, plot, *chart);
  for (size_t i = 0; i < layout.lines.size() && chart->filled; ++i)
    draw_area(out, plot, layout.lines[i], mixed_with_paper(series_colours[i], 0.3));
  for (size_t i = 0; i < layout.lines.size(); ++i) draw_line(out, plot, layout.lines[i], series_colours[i]);
}

}  // namespace

Sheet chart_sheet(const std::string& title, const std::string& subtitle, const std::vector<Chart>& charts) {
  std::vector<DrawnChart> drawn;
  for (const Chart& chart : charts) {
    auto layout = layout_of(chart);
    if (!layout) continue;
    auto legend = legend_places(*layout, text_width(chart.y_name) + 36);
    if (legend.size() < 2) legend.clear();
    drawn.push_back({&chart, std::move(*layout), std::move(legend)});
  }
  if (drawn.empty()) throw Error("there is no curve to draw: no evaluator of pairs was run");
  constexpr int64_t heading = 58;
  int64_t height = edge + heading;
  for (const DrawnChart& chart : drawn) height += chart.height();
  const int64_t width = std::max(2 * edge + label_width + plot_width + 20, 2 * edge + text_width(title, Lettering::title));
  Sheet out(width, height);
  out.text(edge, edge, title, ink, Lettering::title);
  out.text(edge, edge + text_height(Lettering::title) + 4, fitted_text(subtitle, width - 2 * edge), faint_ink);
  int64_t top = edge + heading;
  for (const DrawnChart& chart : drawn) {
    draw_chart(out, chart, top);
    top += chart.height();
  }
  return out;
}

}  // namespace lafs
