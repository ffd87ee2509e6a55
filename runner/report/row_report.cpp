#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "formats/file_text.h"
#include "kernel/ledger/json_file.h"
#include "kernel/results/html_text.h"
#include "kernel/results/results_json.h"
#include "kernel/results/results_table.h"
#include "kernel/results/unit_text.h"
#include "lafs/error.h"
#include "runner/report/curve_charts.h"
#include "runner/report/headline.h"
#include "runner/report/page.h"
#include "runner/report/recipe_section.h"
#include "runner/report/report.h"
#include "runner/report/results_section.h"
#include "runner/report/run_files.h"
#include "runner/report/training_section.h"

namespace lafs {

namespace {

using Json = nlohmann::json;

/// A finished stage of a row.
struct ReportedStage {
  std::string name, identity, recipe;
  std::filesystem::path folder;
  double step = NAN;
  std::vector<NamedMetrics> evaluators;
};

/// The folder of a stage, or the link to it, in the row's folder.
std::string link_name(const std::string& stage) { return stage.empty() ? "run" : stage; }

/// Where a stage's run folder is: in the row's folder, which may have been moved, or else where it was trained.
std::filesystem::path folder_of(const std::filesystem::path& row, const Json& stage) {
  const std::filesystem::path link = row / link_name(text_under(stage, "name"));
  return std::filesystem::exists(link / "results.json") ? link : std::filesystem::path(text_under(stage, "folder"));
}

std::vector<ReportedStage> reported_stages(const std::filesystem::path& folder, const Json& row) {
  std::vector<ReportedStage> stages;
  for (const Json& json : row.value("stages", Json::array())) {
    ReportedStage stage{text_under(json, "name"), text_under(json, "identity"), "",
                        folder_of(folder, json),  number_under(json, "step"),   results_of(json)};
    stage.recipe = formats::file_text(stage.folder / "recipe.toml").value_or("");
    stages.push_back(std::move(stage));
  }
  return stages;
}

std::vector<ComparedResults> compared(const std::vector<ReportedStage>& stages) {
  std::vector<ComparedResults> all;
  for (const ReportedStage& stage : stages) all.push_back({stage.name.empty() ? "model" : stage.name, stage.evaluators});
  return all;
}

std::string value_text(const Json& published, const char* key) {
  return metric_text({.value = number_under(published, key), .unit = unit_named(text_under(published, "unit"))});
}

/// The published value that belongs to a headline as a tile, with the verdict; empty where there is none.
std::string published_tile(const Json& published, const std::string& stage, const Headline& headline) {
  for (const Json& p : published) {
    const std::string evaluator = text_under(p, "evaluator");
    if (text_under(p, "stage") != stage || text_under(p, "metric") != headline.metric.full_name()) continue;
    if (!evaluator.empty() && evaluator != headline.evaluator) continue;
    const Json reproduced = p.value("reproduced", Json());
    const std::string verdict =
        !reproduced.is_boolean()
            ? ""
            : fmt::format("{} the tolerance of {}", reproduced.get<bool>() ? "ours is within" : "ours is further off than",
                          value_text(p, "tolerance"));
    return tile_html(value_text(p, "value"), {"published", verdict, text_under(p, "source")});
  }
  return "";
}

/// The metric of a published value of the last stage where there is one, or else the one its checkpoints were ranked by.
std::string best_of(const Json& published, const ReportedStage& stage) {
  for (const Json& p : published) {
    if (text_under(p, "stage") != stage.name || p.value("measured", Json()).is_null()) continue;
    const std::string metric = text_under(p, "metric");
    for (const NamedMetrics& named : stage.evaluators) {
      const std::string evaluator = text_under(p, "evaluator");
      if (!evaluator.empty() && evaluator != named.name) continue;
      for (const Metric& one : named.metrics.values)
        if (one.full_name() == metric) return named.name + "/" + metric;
    }
  }
  return recipe_value(stage.recipe, "run.best");
}

std::string answer_html(const std::vector<ReportedStage>& stages, const Json& published) {
  for (auto stage = stages.rbegin(); stage != stages.rend(); ++stage) {
    const auto headline = headline_of(stage->evaluators, best_of(published, *stage));
    if (!headline) continue;
    const std::string which = stage->name.empty() ? "" : fmt::format("stage {}, ", stage->name);
    return headline_html(*headline, fmt::format("{}step {:.0f}", which, stage->step), published_tile(published, stage->name, *headline));
  }
  return "";
}

std::string verdict_html(const Json& reproduced) {
  if (!reproduced.is_boolean()) return "not measured";
  return reproduced.get<bool>() ? "<span class=\"yes\">yes</span>" : "<span class=\"no\">no</span>";
}

std::string published_section(const Json& published) {
  if (published.empty()) return "";
  std::string out =
      "<h2>Published beside measured</h2>\n<div class=\"scroll\"><table><tr><th>Stage</th><th>Metric</th><th "
      "class=\"number\">Published</th>"
      "<th class=\"number\">Measured</th><th class=\"number\">Difference</th><th class=\"number\">Tolerance</th><th>Reproduced</th>"
      "<th>Source</th></tr>\n";
  for (const Json& p : published) {
    const std::string evaluator = text_under(p, "evaluator");
    const Metric apart{.value = number_under(p, "measured") - number_under(p, "value"), .unit = unit_named(text_under(p, "unit"))};
    out += fmt::format("<tr><td>{}</td><td>{}{}</td>", html_text(text_under(p, "stage")), html_text(text_under(p, "metric")),
                       evaluator.empty() ? "" : " of " + html_text(evaluator));
    for (const std::string& value : {value_text(p, "value"), value_text(p, "measured"), metric_text(apart), value_text(p, "tolerance")})
      out += fmt::format("<td class=\"number\">{}</td>", value);
    out += fmt::format("<td>{}</td><td class=\"words\">{}</td></tr>\n", verdict_html(p.value("reproduced", Json())),
                       html_text(text_under(p, "source")));
  }
  return out + "</table></div>\n";
}

std::string deviations_section(const Json& deviations) {
  if (deviations.empty()) return "";
  std::string out = "<h2>Known deviations from the published run</h2>\n<ul class=\"notes\">\n";
  for (const Json& deviation : deviations) out += fmt::format("<li>{}</li>\n", html_text(deviation.get<std::string>()));
  return out + "</ul>\n";
}

/// Each stage with a link to its own report.
std::string chain_html(const std::vector<ReportedStage>& stages) {
  std::string out = "<ol class=\"chain\">\n";
  for (const ReportedStage& stage : stages) {
    const std::string link = link_name(stage.name);
    out += fmt::format("<li><a href=\"{}/report.html\">{}</a>{}<p class=\"facts\">step {:.0f} · {}</p></li>\n", link_text(link),
                       html_text(link), question_html(stage.recipe), stage.step, html_text(stage.identity));
  }
  return stages.empty() ? "" : "<h2>Stages</h2>\n" + out + "</ol>\n";
}

std::string row_question(const std::vector<ReportedStage>& stages) {
  if (stages.size() == 1) return question_html(stages.front().recipe);
  std::vector<std::string> names;
  for (const ReportedStage& stage : stages) names.push_back(html_text(stage.name));
  return fmt::format("<p class=\"question\">{} stages, in this order: <b>{}</b>. The last one answers.</p>\n", stages.size(),
                     fmt::join(names, "</b>, <b>"));
}

/// ROC curves of the stages in one chart for each evaluator, and each stage's loss.
std::string stage_charts(const std::vector<ReportedStage>& stages, ChartBlock& charts) {
  std::vector<std::pair<std::string, std::vector<NamedMetrics>>> by_evaluator;
  std::vector<Chart> losses, curves;
  for (const ReportedStage& stage : stages) {
    losses.push_back(loss_chart(read_training_log(stage.folder / "metrics.jsonl")));
    losses.back().title = stage.name.empty() ? "Loss" : "Loss of " + stage.name;
    const auto results = json_object_in(stage.folder / "results.json");
    for (NamedMetrics& named : results ? results_of(*results) : std::vector<NamedMetrics>()) {
      auto known = std::find_if(by_evaluator.begin(), by_evaluator.end(), [&](const auto& one) { return one.first == named.name; });
      if (known == by_evaluator.end()) known = by_evaluator.insert(by_evaluator.end(), {named.name, {}});
      named.name = stage.name;
      known->second.push_back(std::move(named));
    }
  }
  for (const auto& [evaluator, of_stages] : by_evaluator) {
    for (Chart chart : {curve_chart(of_stages, "roc"), det_chart(of_stages)}) {
      chart.title = evaluator + ": " + chart.title;
      curves.push_back(std::move(chart));
    }
  }
  return charts.section("Curves of the evaluators", curves) + charts.section("Training", losses);
}

}  // namespace

std::string row_report_page(const std::filesystem::path& folder) {
  const auto row = json_object_in(folder / "results.json");
  if (!row) throw Error(fmt::format("cannot read \"{}\"", (folder / "results.json").string()));
  const std::string given = text_under(*row, "title"), title = given.empty() ? folder_name(folder) : given;
  const Json published = row->value("published", Json::array());
  const std::vector<ReportedStage> stages = reported_stages(folder, *row);
  const std::vector<ComparedResults> results = compared(stages);
  ChartBlock charts;
  std::string body = fmt::format("<h1>{}</h1>\n{}", html_text(title), row_question(stages));
  std::vector<std::pair<std::string, std::filesystem::path>> runs;
  for (const ReportedStage& stage : stages) runs.emplace_back(stage.name, stage.folder);
  body += answer_html(stages, published) + training_warnings_html(runs) + warnings_html(results);
  body += fmt::format("<p class=\"facts\">{} · {}</p>\n", html_text(text_under(*row, "row")), html_text(text_under(*row, "identity")));
  body += published_section(published);
  if (const std::string table = results_table_html(results); !table.empty()) body += "<h2>The stages compared</h2>\n" + table;
  body += chain_html(stages) + stage_charts(stages, charts);
  body += deviations_section(row->value("deviations", Json::array())) + notes_section(results);
  return page_text(title, body, charts);
}

void write_row_report(const std::filesystem::path& folder) { write_page(folder, row_report_page(folder)); }

}  // namespace lafs
