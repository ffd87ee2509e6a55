#include "runner/report/report.h"

#include <cmath>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "formats/file_text.h"
#include "kernel/ledger/json_file.h"
#include "kernel/results/html_text.h"
#include "kernel/results/results_json.h"
#include "runner/report/curve_charts.h"
#include "runner/report/headline.h"
#include "runner/report/page.h"
#include "runner/report/pictures_section.h"
#include "runner/report/recipe_section.h"
#include "runner/report/results_section.h"
#include "runner/report/run_files.h"
#include "runner/report/training_section.h"
#include "runner/report/weights_section.h"

namespace lafs {

namespace {

using Json = nlohmann::json;

/// What lies in a run folder, as far as it is there.
struct RunFiles {
  std::filesystem::path folder;
  std::optional<Json> results, manifest, weights;
  std::string recipe;
  std::vector<NamedMetrics> evaluators;
};

RunFiles files_of(const std::filesystem::path& folder) {
  RunFiles run{folder,
               json_object_in(folder / "results.json"),
               json_object_in(folder / "manifest.json"),
               json_object_in(folder / "weights.json"),
               formats::file_text(folder / "recipe.toml").value_or(""),
               {}};
  if (run.results) run.evaluators = results_of(*run.results);
  return run;
}

/// "best checkpoint, step 120".
std::string checkpoint_text(const Json& results) {
  const double step = number_under(results, "step");
  return fmt::format("{} checkpoint{}", text_under(results, "which"), std::isfinite(step) ? fmt::format(", step {:.0f}", step) : "");
}

std::string facts_html(const Json& manifest) {
  const Json machine = manifest.value("machine", Json::object()), program = manifest.value("program", Json::object());
  std::string facts;
  for (const std::string& fact :
       {text_under(manifest, "recipe"), text_under(manifest, "started"), text_under(machine, "host"), text_under(manifest, "device"),
        "lafs " + text_under(program, "version"), "torch " + text_under(program, "torch")}) {
    if (!fact.empty()) facts += (facts.empty() ? "" : " · ") + html_text(fact);
  }
  return fmt::format("<p class=\"facts\">{}</p>\n", facts);
}

/// What a reader must know of the pictures before the numbers: that others stood in for some, and that they changed on the way.
std::string data_notes(const RunFiles& run) {
  std::string notes;
  if (const std::string damaged = run.results ? text_under(*run.results, "damaged_pictures") : ""; !damaged.empty()) {
    notes += fmt::format("<li>damaged pictures left out while training, with others in their place: {}; damaged.tsv lists them</li>\n",
                         html_text(damaged));
  }
  for (const Json& session : run.manifest ? run.manifest->value("sessions", Json::array()) : Json::array()) {
    const auto accepted = session.find("accepted_data");
    if (accepted == session.end() || !accepted->is_object()) continue;
    notes += fmt::format("<li>from step {:.0f} on trained with other data (fingerprint {}, before {}): {}</li>\n",
                         number_under(*accepted, "from_step"), html_text(text_under(*accepted, "now")),
                         html_text(text_under(*accepted, "before")), html_text(text_under(*accepted, "reason")));
  }
  return notes.empty() ? "" : "<ul class=\"notes\">\n" + notes + "</ul>\n";
}

/// The question, the answer, and what has to be known with it.
std::string first_screen(const RunFiles& run, const std::string& title, const std::filesystem::path& folder) {
  std::string out = fmt::format("<h1>{}</h1>\n", html_text(title)) + question_html(run.recipe);
  if (const auto headline = headline_of(run.evaluators, recipe_value(run.recipe, "run.best")))
    out += headline_html(*headline, checkpoint_text(*run.results));
  out += training_warnings_html({{"", folder}}) + warnings_html({{"", run.evaluators}}) + data_notes(run);
  return out + (run.manifest ? facts_html(*run.manifest) : "");
}

std::string results_part(const RunFiles& run) {
  const std::string table = results_table_html({{"model", run.evaluators}});
  if (table.empty()) return "";
  return fmt::format("<h2>Results of the {}</h2>\n", html_text(checkpoint_text(*run.results))) + table + lists_html(run.evaluators);
}

std::string making_part(const RunFiles& run) {
  if (run.recipe.empty() && !run.manifest) return "";
  std::string out = "<h2>How it was made</h2>\n";
  if (!run.recipe.empty())
    out += "<details open><summary>Recipe</summary>\n" +
           recipe_html(run.recipe, run.manifest ? written_keys_in(*run.manifest) : std::vector<std::string>()) + "</details>\n";
  if (run.manifest)
    out += fmt::format("<details><summary>Manifest</summary><pre>{}</pre></details>\n",
                       html_text(run.manifest->dump(1, ' ', false, Json::error_handler_t::replace)));
  return out;
}

}  // namespace

std::string report_page(const std::filesystem::path& folder, const std::vector<ListedPictures>& pictures) {
  const RunFiles run = files_of(folder);
  const std::string given = recipe_value(run.recipe, "title"), title = given.empty() ? folder_name(folder) : given;
  ChartBlock charts;
  std::string body = first_screen(run, title, folder) + results_part(run);
  body += training_sections(read_training_log(folder / "metrics.jsonl"), run.evaluators, charts);
  body += charts.section("Curves of the evaluators", curve_charts(run.evaluators));
  body += pictures.empty() ? former_pictures(folder) : pictures_section(pictures);
  body += sheets_section(folder);
  if (run.weights) body += weights_section(*run.weights);
  body += making_part(run) + notes_section({{"", run.evaluators}});
  return page_text(title, body, charts);
}

void write_report(const std::filesystem::path& folder, const std::vector<ListedPictures>& pictures) {
  write_page(folder, report_page(folder, pictures));
}

}  // namespace lafs
