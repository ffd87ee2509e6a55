#include "runner/report/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "kernel/results/html_text.h"
#include "kernel/results/results_json.h"
#include "kernel/results/results_table.h"
#include "kernel/results/unit_text.h"
#include "lafs/error.h"
#include "runner/report/chart.h"
#include "runner/report/curves_section.h"
#include "runner/report/page.h"
#include "runner/report/pictures_section.h"
#include "runner/report/weights_section.h"

namespace lafs {

namespace {

using Json = nlohmann::json;

std::optional<std::string> text_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(in), {});
}

std::optional<Json> json_of(const std::filesystem::path& file) {
  const auto text = text_of(file);
  if (!text) return std::nullopt;
  Json out = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!out.is_object()) throw Error(fmt::format("\"{}\" is not a JSON object", file.string()));
  return out;
}

/// A last line that was being written when the run died is left out.
std::vector<Json> lines_of(const std::filesystem::path& file) {
  std::vector<Json> out;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    Json parsed = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (parsed.is_object()) out.push_back(std::move(parsed));
  }
  return out;
}

double number(const Json& at, const char* key) {
  const auto found = at.find(key);
  return found != at.end() && found->is_number() ? found->get<double>() : NAN;
}

std::string text(const Json& at, const char* key) {
  const auto found = at.find(key);
  return found != at.end() && found->is_string() ? found->get<std::string>() : "";
}

/// What was measured beside the model, in the order of its first appearance.
std::vector<std::string> variants_of(const std::vector<NamedMetrics>& evaluators) {
  std::vector<std::string> variants;
  for (const NamedMetrics& evaluator : evaluators) {
    for (const Metric& metric : evaluator.metrics.values) {
      if (!metric.variant.empty() && std::find(variants.begin(), variants.end(), metric.variant) == variants.end())
        variants.push_back(metric.variant);
    }
  }
  return variants;
}

/// A row for each metric of one evaluator: the model's value, then a column for each variant.
std::string result_rows(const NamedMetrics& evaluator, const std::vector<std::string>& variants) {
  std::vector<std::string> names;
  std::map<std::pair<std::string, std::string>, Metric> by_name;  // name and variant
  for (const Metric& metric : evaluator.metrics.values) {
    if (std::find(names.begin(), names.end(), metric.name) == names.end()) names.push_back(metric.name);
    by_name[{metric.name, metric.variant}] = metric;
  }
  const auto cell = [&](const std::string& name, const std::string& variant) {
    const auto found = by_name.find({name, variant});
    return found == by_name.end() ? "" : metric_text(found->second);
  };
  std::string out;
  for (size_t i = 0; i < names.size(); ++i) {
    out += fmt::format("<tr{}><td>{}</td><td>{}</td><td class=\"number{}\">{}</td>", i == 0 ? " class=\"first\"" : "",
                       i == 0 ? html_text(evaluator.name) : "", html_text(names[i]), i == 0 ? " lead" : "", cell(names[i], ""));
    for (const std::string& variant : variants) out += fmt::format("<td class=\"number\">{}</td>", cell(names[i], variant));
    const int64_t n = by_name.lower_bound({names[i], ""})->second.n;
    out += fmt::format("<td class=\"number\">{}</td></tr>\n", n > 0 ? std::to_string(n) : "");
  }
  return out;
}

std::string notes_and_lists(const std::vector<NamedMetrics>& evaluators) {
  std::string notes, lists, warnings;
  for (const NamedMetrics& evaluator : evaluators) {
    const std::string name = html_text(evaluator.name);
    for (const std::string& warning : evaluator.metrics.warnings)
      warnings += fmt::format("<li><b>warning</b>: {}: {}</li>", name, html_text(warning));
    for (const std::string& note : evaluator.metrics.notes) notes += fmt::format("<li>{}: {}</li>", name, html_text(note));
    for (const RankedList& list : evaluator.metrics.lists) {
      lists += fmt::format("<details><summary>{}: {}</summary><table>", name, html_text(list.name));
      for (const RankedItem& item : list.items)
        lists += fmt::format("<tr><td>{}</td><td class=\"number\">{:.4f}</td></tr>", html_text(item.what), item.score);
      lists += "</table></details>\n";
    }
  }
  return (warnings.empty() ? "" : "<ul class=\"notes warnings\">" + warnings + "</ul>\n") +
         (notes.empty() ? "" : "<ul class=\"notes\">" + notes + "</ul>\n") + lists;
}

std::string results_rows_table(const std::vector<NamedMetrics>& evaluators) {
  const std::vector<std::string> variants = variants_of(evaluators);
  std::string out = "<div class=\"scroll\"><table><tr><th>Evaluator</th><th>Metric</th><th class=\"number\">Model</th>";
  for (const std::string& variant : variants) out += fmt::format("<th class=\"number\">{}</th>", html_text(variant_title(variant)));
  out += "<th class=\"number\">n</th></tr>\n";
  for (const NamedMetrics& evaluator : evaluators) out += result_rows(evaluator, variants);
  return out + "</table></div>\n" + notes_and_lists(evaluators);
}

std::string results_section(const Json& results) {
  const std::vector<NamedMetrics> evaluators = results_of(results);
  if (evaluators.empty()) return "";
  const double step = number(results, "step");
  return fmt::format("<h2>Results of the {} checkpoint{}</h2>\n", html_text(text(results, "which")),
                     std::isfinite(step) ? fmt::format(", step {:.0f}", step) : "") +
         results_rows_table(evaluators);
}

std::string stage_section(const Json& stage) {
  const std::string name = html_text(text(stage, "name"));
  const std::vector<NamedMetrics> evaluators = results_of(stage);
  const std::string heading = fmt::format("<h2><a href=\"{0}/report.html\">{0}</a></h2>\n<p class=\"facts\">step {1:.0f} · {2}</p>\n", name,
                                          number(stage, "step"), html_text(text(stage, "identity")));
  return heading + (evaluators.empty() ? "" : results_rows_table(evaluators));
}

std::string published_section(const Json& published) {
  if (published.empty()) return "";
  std::string out =
      "<h2>Published values</h2>\n<div class=\"scroll\"><table><tr><th>Stage</th><th>Metric</th><th class=\"number\">Published</th><th "
      "class=\"number\">Measured</th><th class=\"number\">Tolerance</th><th>Reproduced</th><th>Source</th></tr>\n";
  for (const Json& p : published) {
    const auto shown = [&](const char* key) { return metric_text({.value = number(p, key), .unit = unit_named(text(p, "unit"))}); };
    const Json reproduced = p.value("reproduced", Json());
    out += fmt::format(
        "<tr><td>{}</td><td>{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td><td "
        "class=\"number\">{}</td><td>{}</td><td>{}</td>"
        "</tr>\n",
        html_text(text(p, "stage")), html_text(text(p, "metric")), shown("value"), shown("measured"), shown("tolerance"),
        !reproduced.is_boolean() ? "not measured"
        : reproduced.get<bool>() ? "yes"
                                 : "no",
        html_text(text(p, "source")));
  }
  return out + "</table></div>\n";
}

std::string deviations_section(const Json& deviations) {
  if (deviations.empty()) return "";
  std::string out = "<h2>Known deviations from the published run</h2>\n<ul>\n";
  for (const Json& deviation : deviations) out += fmt::format("<li>{}</li>\n", html_text(deviation.get<std::string>()));
  return out + "</ul>\n";
}

Series& series_named(std::vector<Series>& all, const std::string& name) {
  for (Series& one : all) {
    if (one.name == name) return one;
  }
  all.push_back({name, {}, {}});
  return all.back();
}

std::string training_section(const std::vector<Json>& lines) {
  Chart loss{"Training loss", "optimizer step", "loss", false, {{"loss", {}, {}}}};
  Chart accuracy{"Accuracy while training", "optimizer step", "accuracy", false, {}};
  for (const Json& line : lines) {
    if (!line.contains("evaluation")) {
      loss.series[0].x.push_back(number(line, "step"));
      loss.series[0].y.push_back(number(line, "loss"));
    } else if (line.contains("accuracy")) {
      Series& of = series_named(accuracy.series, text(line, "evaluation"));
      of.x.push_back(number(line, "step"));
      of.y.push_back(number(line, "accuracy"));
    }
  }
  const std::string charts = chart_svg(loss) + chart_svg(accuracy);
  return charts.empty() ? "" : "<h2>Training</h2>\n<div class=\"charts\">\n" + charts + "</div>\n";
}

std::string heading(const std::string& name, const std::optional<Json>& manifest) {
  std::string out = fmt::format("<h1>{}</h1>\n", html_text(name));
  if (!manifest) return out;
  const Json machine = manifest->value("machine", Json::object()), program = manifest->value("program", Json::object());
  std::string facts;
  for (const std::string& fact : {text(*manifest, "recipe"), text(*manifest, "started"), text(machine, "host"), text(*manifest, "device"),
                                  "lafs " + text(program, "version"), "torch " + text(program, "torch")}) {
    if (!fact.empty()) facts += (facts.empty() ? "" : " · ") + html_text(fact);
  }
  return out + fmt::format("<p class=\"facts\">{}</p>\n", facts);
}

/// What a reader must know of the pictures before the numbers: that others stood in for some, and that they changed on the way.
std::string data_section(const std::optional<Json>& results, const std::optional<Json>& manifest) {
  std::string notes;
  if (const std::string damaged = results ? text(*results, "damaged_pictures") : ""; !damaged.empty()) {
    notes += fmt::format("<li>damaged pictures left out while training, with others in their place: {}; damaged.tsv lists them</li>",
                         html_text(damaged));
  }
  for (const Json& session : manifest ? manifest->value("sessions", Json::array()) : Json::array()) {
    const auto accepted = session.find("accepted_data");
    if (accepted == session.end() || !accepted->is_object()) continue;
    notes +=
        fmt::format("<li>from step {:.0f} on trained with other data (fingerprint {}, before {}): {}</li>", number(*accepted, "from_step"),
                    html_text(text(*accepted, "now")), html_text(text(*accepted, "before")), html_text(text(*accepted, "reason")));
  }
  return notes.empty() ? "" : "<ul class=\"notes\">" + notes + "</ul>\n";
}

std::string folded(const std::string& title, const std::string& text, bool open) {
  return fmt::format("<details{}><summary>{}</summary><pre>{}</pre></details>\n", open ? " open" : "", title, html_text(text));
}

}  // namespace

void write_report(const std::filesystem::path& folder, const std::vector<ListedPictures>& pictures) {
  const auto results = json_of(folder / "results.json"), manifest = json_of(folder / "manifest.json");
  const auto recipe = text_of(folder / "recipe.toml");
  const std::string name = folder_name(folder);
  std::string body = heading(name, manifest);
  body += data_section(results, manifest);
  if (results) body += results_section(*results);
  body += training_section(lines_of(folder / "metrics.jsonl"));
  if (results) body += curves_section(results_of(*results));
  body += pictures_section(pictures);
  if (const auto weights = json_of(folder / "weights.json")) body += weights_section(*weights);
  if (recipe || manifest) body += "<h2>How it was made</h2>\n";
  if (recipe) body += folded("Recipe, every default written out", *recipe, true);
  if (manifest) body += folded("Manifest", manifest->dump(1), false);
  write_page(folder, name, body);
}

void write_row_report(const std::filesystem::path& folder) {
  const auto row = json_of(folder / "results.json");
  if (!row) throw Error(fmt::format("cannot read \"{}\"", (folder / "results.json").string()));
  const std::string title = text(*row, "title").empty() ? folder_name(folder) : text(*row, "title");
  std::string body = fmt::format("<h1>{}</h1>\n<p class=\"facts\">{} · {}</p>\n", html_text(title), html_text(text(*row, "row")),
                                 html_text(text(*row, "identity")));
  for (const Json& stage : row->value("stages", Json::array())) body += stage_section(stage);
  write_page(
      folder, title,
      body + published_section(row->value("published", Json::array())) + deviations_section(row->value("deviations", Json::array())));
}

}  // namespace lafs
