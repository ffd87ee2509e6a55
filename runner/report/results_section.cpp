#include "runner/report/results_section.h"

#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kernel/results/html_text.h"
#include "kernel/results/results_table.h"
#include "runner/report/curve_charts.h"

namespace lafs {

namespace {

/// Evaluator and metric: a line of the table.
using LineKey = std::pair<std::string, std::string>;

struct ResultColumn {
  std::string title;
  bool leads = false;  ///< of a model
  std::map<LineKey, Metric> cells;
};

void add_once(std::vector<std::string>& all, const std::string& one) {
  if (std::find(all.begin(), all.end(), one) == all.end()) all.push_back(one);
}

ResultColumn column_of(const ComparedResults& results, const std::string& variant) {
  ResultColumn column{results.title, variant.empty(), {}};
  for (const NamedMetrics& named : results.evaluators) {
    for (const Metric& metric : named.metrics.values) {
      if (metric.variant == variant) column.cells[{named.name, metric.name}] = metric;
    }
  }
  return column;
}

/// A value and its spread, between which a narrow column may break.
std::string value_html(const Metric& metric) {
  const std::string text = metric_text(metric);
  const size_t spread = std::min(text.find(" ±"), text.find(" ["));
  if (spread == std::string::npos) return "<i>" + text + "</i>";
  return fmt::format("<i>{}</i> <i>{}</i>", text.substr(0, spread), text.substr(spread + 1));
}

/// Whether no line has different values in the two.
bool agree(const ResultColumn& a, const ResultColumn& b) {
  return std::all_of(a.cells.begin(), a.cells.end(), [&](const auto& cell) {
    const auto other = b.cells.find(cell.first);
    return other == b.cells.end() || metric_text(other->second) == metric_text(cell.second);
  });
}

/// What was measured beside the models, one column for all of them; nothing where they do not agree, as each model has its own then.
std::optional<ResultColumn> variant_column(const std::vector<ComparedResults>& compared, const std::string& variant) {
  ResultColumn all{variant_title(variant), false, {}};
  for (const ComparedResults& results : compared) {
    ResultColumn column = column_of(results, variant);
    if (!agree(column, all)) return std::nullopt;
    all.cells.merge(column.cells);
  }
  return all;
}

std::vector<ResultColumn> columns_of(const std::vector<ComparedResults>& compared) {
  std::vector<ResultColumn> columns;
  std::vector<std::string> variants;
  for (const ComparedResults& results : compared) {
    columns.push_back(column_of(results, ""));
    for (const NamedMetrics& named : results.evaluators) {
      for (const Metric& metric : named.metrics.values)
        if (!metric.variant.empty()) add_once(variants, metric.variant);
    }
  }
  for (const std::string& variant : variants) {
    if (auto column = variant_column(compared, variant)) columns.push_back(std::move(*column));
  }
  return columns;
}

/// Evaluators and their metrics in the order of their first appearance.
std::vector<std::pair<std::string, std::vector<std::string>>> lines_of(const std::vector<ComparedResults>& compared) {
  std::vector<std::pair<std::string, std::vector<std::string>>> lines;
  for (const ComparedResults& results : compared) {
    for (const NamedMetrics& named : results.evaluators) {
      auto line = std::find_if(lines.begin(), lines.end(), [&](const auto& one) { return one.first == named.name; });
      if (line == lines.end()) line = lines.insert(lines.end(), {named.name, {}});
      for (const Metric& metric : named.metrics.values) add_once(line->second, metric.name);
    }
  }
  return lines;
}

std::string published_text(const std::vector<PublishedCell>& published, const LineKey& key) {
  for (const PublishedCell& cell : published) {
    if (cell.metric == key.second && (cell.evaluator.empty() || cell.evaluator == key.first)) return cell.text;
  }
  return "";
}

std::string line_html(const LineKey& key, const std::vector<ResultColumn>& columns, const std::vector<PublishedCell>& published) {
  std::string cells;
  int64_t n = 0;
  bool headline = false;
  for (const ResultColumn& column : columns) {
    const auto found = column.cells.find(key);
    const bool there = found != column.cells.end();
    cells += fmt::format("<td class=\"number{}\">{}</td>", column.leads ? " lead" : "", there ? value_html(found->second) : "");
    if (!there) continue;
    n = std::max(n, found->second.n);
    headline = headline || found->second.headline;
  }
  if (!published.empty()) cells += fmt::format("<td class=\"number\">{}</td>", html_text(published_text(published, key)));
  return fmt::format("<tr{}><td>{}</td>{}<td class=\"number\">{}</td></tr>\n", headline ? "" : " class=\"minor\"", html_text(key.second),
                     cells, n > 0 ? std::to_string(n) : "");
}

/// Sentences of all evaluators, each once, and who said it: "finetune, lfw". Who is left out where everybody did.
std::string sentences_html(const std::vector<ComparedResults>& compared, std::vector<std::string> Metrics::* member, const char* before) {
  std::vector<std::string> sentences;
  std::map<std::string, std::vector<std::string>> speakers;
  size_t all = 0;
  for (const ComparedResults& results : compared) {
    for (const NamedMetrics& named : results.evaluators) {
      ++all;
      for (const std::string& sentence : named.metrics.*member) {
        add_once(sentences, sentence);
        add_once(speakers[sentence], compared.size() > 1 ? results.title + ", " + named.name : named.name);
      }
    }
  }
  std::string out;
  for (const std::string& sentence : sentences) {
    const auto& who = speakers[sentence];
    const std::string by = who.size() == all && all > 1 ? "" : fmt::format(" ({})", fmt::join(who, "; "));
    out += fmt::format("<li>{}{}{}</li>\n", before, html_text(sentence), html_text(by));
  }
  return out;
}

}  // namespace

std::string results_table_html(const std::vector<ComparedResults>& compared, const std::vector<PublishedCell>& published) {
  const std::vector<ResultColumn> columns = columns_of(compared);
  const auto lines = lines_of(compared);
  if (lines.empty()) return "";
  std::string out = "<div class=\"scroll\"><table>\n<thead><tr><th>Metric</th>";
  for (const ResultColumn& column : columns) out += fmt::format("<th class=\"number\">{}</th>", html_text(column.title));
  if (!published.empty()) out += "<th class=\"number\">Published</th>";
  out += "<th class=\"number\">n</th></tr></thead>\n<tbody>\n";
  for (const auto& [evaluator, metrics] : lines) {
    out += fmt::format("<tr><th class=\"group\" colspan=\"{}\">{}</th></tr>\n", columns.size() + (published.empty() ? 2 : 3),
                       html_text(evaluator));
    for (const std::string& metric : metrics) out += line_html({evaluator, metric}, columns, published);
  }
  return out + "</tbody></table></div>\n";
}

std::string warnings_html(const std::vector<ComparedResults>& compared) {
  const std::string items = sentences_html(compared, &Metrics::warnings, "<b>warning</b>: ");
  return items.empty() ? "" : "<ul class=\"notes warnings\">\n" + items + "</ul>\n";
}

std::string notes_section(const std::vector<ComparedResults>& compared) {
  const std::string items = sentences_html(compared, &Metrics::notes, "");
  return items.empty() ? "" : "<h2>Notes of the evaluators</h2>\n<ul class=\"notes\">\n" + items + "</ul>\n";
}

std::string lists_html(const std::vector<NamedMetrics>& evaluators) {
  std::string out;
  for (const NamedMetrics& evaluator : evaluators) {
    for (const RankedList& list : evaluator.metrics.lists) {
      out += fmt::format("<details><summary>{}: {}</summary><table>", html_text(evaluator.name), html_text(list.name));
      for (const RankedItem& item : list.items)
        out += fmt::format("<tr><td class=\"words\">{}</td><td class=\"number\">{:.4f}</td></tr>", html_text(item.what), item.score);
      out += "</table></details>\n";
    }
  }
  return out;
}

}  // namespace lafs
