#include "runner/report/page.h"

#include <fmt/format.h>

#include <string_view>

#include "formats/atomic_file.h"
#include "kernel/results/html_text.h"
#include "runner/report/chart.h"

namespace lafs {

namespace {

constexpr std::string_view page_style =
    R"css(*{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,sans-serif;color-scheme:light dark}
main{max-width:1000px;margin:0 auto;padding:40px 20px 80px}h1{font-size:26px;margin:0}h2{font-size:18px;margin:40px 0 12px}h3{font-size:15px;margin:20px 0 8px}
.facts{color:var(--ink-2);margin:4px 0 0;font-size:14px}.notes{color:var(--ink-2);font-size:13.5px;padding-left:18px;margin:10px 0}.warnings b{color:var(--series-8)}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:14px}th{text-align:left;font-weight:600;color:var(--ink-2)}th::first-letter{text-transform:uppercase}
th,td{padding:6px 12px 6px 0;border-bottom:1px solid var(--grid);white-space:nowrap}.number{text-align:right;font-variant-numeric:tabular-nums}
.first td{border-top:1px solid var(--axis)}.first td:first-child{font-weight:600}.lead{font-weight:600}.charts{display:grid;gap:16px}
pre{background:var(--card);border:1px solid var(--grid);border-radius:8px;padding:14px 16px;overflow:auto;font:12.5px/1.55 ui-monospace,monospace;margin:8px 0}
.pictures{display:flex;flex-wrap:wrap;gap:16px}.pictures figure{margin:0;max-width:240px}.pictures img{margin-right:4px;border-radius:4px}
.pictures figcaption{color:var(--ink-2);font-weight:400;font-size:12.5px;line-height:1.35;overflow-wrap:anywhere}.answer{font-size:17px;margin:18px 0 22px}.best{font-weight:600}.note{color:var(--ink-2);font-size:13.5px;margin:6px 0}caption{display:none}details{margin:10px 0}summary{cursor:pointer;color:var(--ink-2)}
)css";

}  // namespace

std::string folder_name(const std::filesystem::path& folder) {
  const std::filesystem::path whole = std::filesystem::absolute(folder).lexically_normal();
  return whole.has_filename() ? whole.filename().string() : whole.parent_path().filename().string();
}

void write_page(const std::filesystem::path& folder, const std::string& title, const std::string& body) {
  std::string page =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n";
  page += fmt::format("<title>{}</title>\n<style>\n{}{}</style>\n</head>\n<body>\n<main>\n", html_text(title), chart_style(), page_style);
  formats::write_atomically(folder / "report.html", page + body + "</main>\n</body>\n</html>\n");
}

}  // namespace lafs
