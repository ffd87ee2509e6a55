#include "runner/report/page.h"

#include <cctype>
#include <string_view>

#include <fmt/format.h>

#include "formats/atomic_file.h"
#include "kernel/results/html_text.h"
#include "page_parts.h"  // generated from web/ and Chart.js

namespace lafs {

namespace {

constexpr std::string_view page_head = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
)html";

constexpr std::string_view without_script =
    "<noscript><p class=\"note\">The charts of this page need JavaScript; everything else is here.</p></noscript>\n";

/// A page fetches nothing, whatever text from elsewhere stands in it, but for what `connect` allows. `scripts` stand at its end.
std::string whole_page(const std::string& title, const std::string& body, std::string_view connect, const std::string& scripts) {
  std::string page(page_head);
  page += fmt::format(
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src "
      "'unsafe-inline'{}\">\n<title>{}</title>\n<style>\n{}</style>\n",
      connect, html_text(title), page_style);
  if (!scripts.empty()) page += "<script>document.documentElement.className = \"js\"</script>\n";
  page += "</head>\n<body>\n<main>\n";
  if (!scripts.empty()) page += without_script;
  return page + body + "</main>\n" + scripts + "</body>\n</html>\n";
}

std::string script_element(std::string_view script) { return fmt::format("<script>\n{}</script>\n", script); }

}  // namespace

std::string folder_name(const std::filesystem::path& folder) {
  const std::filesystem::path whole = std::filesystem::absolute(folder).lexically_normal();
  return whole.has_filename() ? whole.filename().string() : whole.parent_path().filename().string();
}

std::string link_text(const std::string& name) {
  std::string out;
  for (const char c : name) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) || std::string_view("-._~").find(c) != std::string_view::npos;
    out += plain ? std::string{c} : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string page_text(const std::string& title, const std::string& body, const ChartBlock& charts) {
  if (charts.empty()) return whole_page(title, body, "", "");
  return whole_page(title, body, "",
                    fmt::format("<script type=\"application/json\" id=\"charts\">{}</script>\n", charts.json()) +
                        script_element(chart_library) + script_element(page_script));
}

std::string live_page_text(const std::string& title, const std::string& body, std::string_view script) {
  return whole_page(title, body, "; connect-src 'self'",
                    script_element(chart_library) + script_element(page_script) + script_element(script));
}

void write_page(const std::filesystem::path& folder, const std::string& page) { formats::write_atomically(folder / "report.html", page); }

}  // namespace lafs
