#include "runner/report/chart.h"

#include <fmt/format.h>

#include <utility>

#include "kernel/results/html_text.h"
#include "runner/report/chart_layout.h"

namespace lafs {

namespace {

constexpr double width = 640, height = 300, left = 62, right = 16, top = 14, bottom = 44;

struct Frame {
  ChartAxis x, y;
  double px(double v) const { return left + x.share(v) * (width - left - right); }
  double py(double v) const { return height - bottom - y.share(v) * (height - top - bottom); }
};

std::string grid_svg(const Frame& frame, const Chart& chart) {
  std::string out;
  for (const double t : frame.y.ticks) {
    out += fmt::format("<line class=\"grid\" x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>", left, width - right, frame.py(t),
                       frame.py(t));
    out += fmt::format("<text class=\"tick\" x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>", left - 8, frame.py(t) + 4,
                       frame.y.tick_text(t));
  }
  for (const double t : frame.x.ticks) {
    const std::string text = frame.x.tick_text(t);
    if (chart.log_x)
      out += fmt::format("<line class=\"grid\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\"/>", frame.px(t), top, height - bottom);
    out +=
        fmt::format("<text class=\"tick\" x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>", frame.px(t), height - bottom + 18, text);
  }
  out +=
      fmt::format("<line class=\"axis\" x1=\"{}\" x2=\"{}\" y1=\"{}\" y2=\"{}\"/>", left, width - right, height - bottom, height - bottom);
  out += fmt::format("<text class=\"tick\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>", (left + width - right) / 2, height - 6,
                     html_text(chart.x_name));
  out += fmt::format("<text class=\"tick\" transform=\"translate(14 {}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
                     (top + height - bottom) / 2, html_text(chart.y_name));
  return out;
}

std::string line_svg(const Frame& frame, const std::vector<std::pair<double, double>>& points, size_t number, const std::string& name) {
  std::string path;
  for (const auto& [x, y] : points) path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", frame.px(x), frame.py(y));
  std::string out = fmt::format("<path class=\"line\" style=\"stroke:var(--series-{})\" d=\"{}\"><title>{}</title></path>", number, path,
                                html_text(name));
  // A line of one or a few points needs marks to be seen at all.
  if (points.size() <= 12) {
    for (const auto& [x, y] : points) {
      out += fmt::format(
          "<circle class=\"mark\" style=\"fill:var(--series-{})\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\"><title>{}: {:.6g}</title></circle>",
          number, frame.px(x), frame.py(y), html_text(name), y);
    }
  }
  return out;
}

std::string area_svg(const Frame& frame, const std::vector<std::pair<double, double>>& points, size_t number) {
  std::string path = fmt::format("M{:.1f} {:.1f}", frame.px(points.front().first), height - bottom);
  for (const auto& [x, y] : points) path += fmt::format("L{:.1f} {:.1f}", frame.px(x), frame.py(y));
  path += fmt::format("L{:.1f} {:.1f}Z", frame.px(points.back().first), height - bottom);
  return fmt::format("<path class=\"area\" style=\"fill:var(--series-{})\" d=\"{}\"/>", number, path);
}

std::string legend(const std::vector<std::string>& names) {
  if (names.size() < 2) return "";
  std::string out = "<div class=\"legend\">";
  for (size_t i = 0; i < names.size(); ++i) {
    out += fmt::format("<span><i style=\"background:var(--series-{})\"></i>{}</span>", i + 1, html_text(names[i]));
  }
  return out + "</div>";
}

}  // namespace

std::string chart_svg(const Chart& chart) {
  const auto layout = layout_of(chart);
  if (!layout) return "";
  const auto& [x, y, names, lines] = *layout;
  const Frame frame{x, y};
  std::string out = fmt::format("<figure><figcaption>{}</figcaption>{}<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">",
                                html_text(chart.title), legend(names), width, height, html_text(chart.title));
  out += grid_svg(frame, chart);
  for (size_t i = 0; i < lines.size() && chart.filled; ++i) out += area_svg(frame, lines[i], i + 1);
  for (size_t i = 0; i < lines.size(); ++i) out += line_svg(frame, lines[i], i + 1, names[i]);
  return out + "</svg></figure>\n";
}

std::string_view chart_style() {
  return R"css(:root{--page:#f9f9f7;--card:#fcfcfb;--ink:#0b0b0b;--ink-2:#52514e;--muted:#898781;--grid:#e1e0d9;--axis:#c3c2b7;
--series-1:#2a78d6;--series-2:#eb6834;--series-3:#1baf7a;--series-4:#eda100;--series-5:#e87ba4;--series-6:#008300;--series-7:#4a3aa7;--series-8:#e34948}
@media (prefers-color-scheme:dark){:root{--page:#0d0d0d;--card:#1a1a19;--ink:#fff;--ink-2:#c3c2b7;--muted:#898781;--grid:#2c2c2a;--axis:#383835;
--series-1:#3987e5;--series-2:#d95926;--series-3:#199e70;--series-4:#c98500;--series-5:#d55181;--series-6:#008300;--series-7:#9085e9;--series-8:#e66767}}
figure{margin:0;padding:16px 18px;background:var(--card);border:1px solid var(--grid);border-radius:8px}
figcaption{font-weight:600;margin-bottom:4px}svg{width:100%;height:auto;display:block}
.grid{stroke:var(--grid);stroke-width:1}.axis{stroke:var(--axis);stroke-width:1}.tick{fill:var(--muted);font-size:11.5px;font-variant-numeric:tabular-nums}
.line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}.area{opacity:.22}.mark{stroke:var(--card);stroke-width:2}
.legend{display:flex;flex-wrap:wrap;gap:4px 16px;color:var(--ink-2);font-size:13px;margin:2px 0 4px}
.legend i{display:inline-block;width:14px;height:3px;border-radius:2px;margin-right:6px;vertical-align:middle}
)css";
}

}  // namespace lafs
