#include "runner/tools/report/serve.h"

#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "formats/file_text.h"
#include "kernel/results/html_text.h"
#include "kernel/run/interrupt.h"
#include "lafs/error.h"
#include "runner/report/compared_runs.h"
#include "runner/report/page.h"
#include "runner/report/report.h"
#include "runner/report/run_files.h"
#include "runner/tools/table/grid_report.h"
#include "runner/tools/table/read_study.h"
#include "server_page.h"  // generated from web/

namespace lafs {

namespace fs = std::filesystem;

namespace {

constexpr int refresh_seconds = 10;  // of the report of a run that still trains

HttpReply json_reply(std::string json) { return {200, "application/json", std::move(json)}; }
HttpReply not_found(const std::string& path) {
  return {404, "text/plain; charset=utf-8", fmt::format("there is no run at \"{}\"\n", path)};
}

std::string page_of(const IndexedRun& run) {
  if (run.kind == IndexedRun::Kind::run) return report_page(run.folder);
  if (run.kind == IndexedRun::Kind::row) return row_report_page(run.folder);
  const Study study = read_study({run.folder});
  return grid_report_page(run.folder, study_table(study, table_options({}, {run.folder})));
}

/// "/view/NAME/report.html" or "/view/NAME/SHEET.png".
HttpReply viewed(const std::string& path, const RunIndex& runs) {
  const std::string below = path.substr(std::string_view("/view/").size());
  const size_t slash = below.rfind('/');
  const std::string name = slash == std::string::npos ? "" : below.substr(0, slash), file = below.substr(slash + 1);
  // The folder served may be that of a run itself, whose name is its own then.
  const fs::path folder = name == folder_name(runs.root()) && !fs::exists(runs.root() / name) ? runs.root() : runs.root() / name;
  const IndexedRun* run = slash == std::string::npos || path.find('\0') != std::string::npos ? nullptr : runs.find(folder);
  if (!run) return not_found(path);
  if (file == "report.html" || file.empty())
    return {200, "text/html; charset=utf-8", page_of(*run), run->state == "training" ? refresh_seconds : 0};
  const fs::path sheet = run->folder / file;
  if (sheet.extension() != ".png" || fs::is_symlink(sheet) || !fs::is_regular_file(sheet)) return not_found(path);
  return {200, "image/png", formats::file_text(sheet).value_or("")};
}

HttpReply compared(const HttpRequest& request, const std::map<std::string, IndexedRun>& runs) {
  std::vector<std::pair<std::string, fs::path>> chosen;
  for (const auto& [key, name] : request.query) {
    const auto run = key == "run" ? runs.find(name) : runs.end();
    if (run == runs.end()) return not_found(name);
    if (run->second.kind == IndexedRun::Kind::run) chosen.emplace_back(name, run->second.folder);
  }
  ChartBlock charts;
  for (const Chart& chart : compared_charts(chosen)) charts.place(chart);
  return json_reply(charts.json());
}

}  // namespace

HttpReply reply_to(const HttpRequest& request, RunIndex& runs) {
  const auto& known = runs.read();
  const std::string title = "Runs in " + folder_name(runs.root());
  if (request.path == "/")
    return {200, "text/html; charset=utf-8", live_page_text(title, fmt::format(server_body, html_text(title)), server_script)};
  if (request.path == "/runs.json") return json_reply(index_json(known).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  if (request.path == "/charts.json") return compared(request, known);
  if (request.path == "/favicon.ico") return {204, "image/x-icon"};
  return request.path.starts_with("/view/") ? viewed(request.path, runs) : not_found(request.path);
}

void serve_runs(const fs::path& folder, uint16_t port, const std::function<void(uint16_t)>& ready) {
  if (!fs::is_directory(folder)) throw Error(fmt::format("\"{}\" is no folder", folder.string()));
  RunIndex runs(folder);
  if (runs.read().empty())
    throw Error(fmt::format("\"{}\" holds no runs; give a folder in which lafs run wrote some, such as runs/", folder.string()));
  catch_interrupts();
  serve_http(port, [&](const HttpRequest& request) { return reply_to(request, runs); }, ready, [] { return interrupted(); });
}

}  // namespace lafs
