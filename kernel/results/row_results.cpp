#include "kernel/results/row_results.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "kernel/results/json_text.h"
#include "kernel/results/results_json.h"
#include "kernel/results/results_table.h"
#include "kernel/results/unit_text.h"

namespace lafs {

namespace {

using Json = nlohmann::json;

Json stage_json(const Stage& stage, const Json& results) {
  Json out{{"name", stage.name},
           {"identity", stage.recipe.identity},
           {"evaluation_identity", stage.recipe.evaluation_identity},
           {"folder", stage.folder.string()},
           {"step", results.value("step", Json())},
           {"evaluators", results.value("evaluators", Json::array())}};
  if (results.contains("evaluation_data")) out["evaluation_data"] = results.at("evaluation_data");
  for (Json& evaluator : out["evaluators"]) {
    evaluator.erase("curves");
    evaluator.erase("lists");
  }
  return out;
}

std::optional<Metric> measured_metric(const Json& stages, const std::string& stage, const PublishedValue& published) {
  for (const Json& one : stages) {
    if (one.at("name") != stage) continue;
    for (const NamedMetrics& named : results_of(one)) {
      if (!published.evaluator.empty() && named.name != published.evaluator) continue;
      for (const Metric& metric : named.metrics.values) {
        if (metric.full_name() == published.metric) return metric;
      }
    }
  }
  return std::nullopt;
}

Json published_json(const Row& row, const Json& stages, const PublishedValue& published) {
  const std::string& stage = row.stage_of(published);
  const auto metric = measured_metric(stages, stage, published);
  Json out{{"metric", published.metric},
           {"stage", stage},
           {"evaluator", published.evaluator},
           {"value", published.value},
           {"tolerance", published.tolerance},
           {"source", published.source},
           {"status", published.status},
           {"unit", metric ? unit_text(metric->unit) : ""},
           {"measured", Json()},
           {"reproduced", Json()}};
  if (!metric) return out;
  out["measured"] = metric->value;
  out["reproduced"] = published.is_reproduced_by(metric->value);
  return out;
}

std::string published_line(const Json& p) {
  const auto as_text = [&](const char* key) {
    return metric_text({.value = p.at(key).get<double>(), .unit = unit_named(p.at("unit").get<std::string>())});
  };
  const std::string source = p.at("source").get<std::string>();
  std::string line = fmt::format("published {} of {}: {}{}", p.at("metric").get<std::string>(), p.at("stage").get<std::string>(),
                                 as_text("value"), source.empty() ? "" : fmt::format(" ({})", source));
  if (p.at("measured").is_null()) return line + "; not measured\n";
  return line + fmt::format("; measured {}, {} {}\n", as_text("measured"),
                            p.at("reproduced").get<bool>() ? "within the tolerance of" : "further off than the tolerance of",
                            as_text("tolerance"));
}

}  // namespace

Json row_results_json(const Row& row, const StageResults& results) {
  Json out{{"row", row.file.string()},      {"title", row.title},      {"identity", row.identity},
           {"folder", row.folder.string()}, {"stages", Json::array()}, {"published", Json::array()}};
  for (const auto& [name, json] : results) out["stages"].push_back(stage_json(row.stage(name), json));
  out["deviations"] = row.deviations;
  for (const PublishedValue& published : row.published) out["published"].push_back(published_json(row, out["stages"], published));
  return out;
}

std::string row_table(const Json& row) {
  std::vector<NamedMetrics> all;
  for (const Json& stage : row.at("stages")) {
    for (NamedMetrics& named : results_of(stage)) {
      named.name = fmt::format("{}: {}", stage.at("name").get<std::string>(), named.name);
      all.push_back(std::move(named));
    }
  }
  std::string out = all.empty() ? "" : results_table(all);
  for (const Json& published : row.at("published")) out += published_line(published);
  for (const Json& deviation : row.value("deviations", Json::array()))
    out += fmt::format("known deviation: {}\n", deviation.get<std::string>());
  return out;
}

void write_row_results(const std::filesystem::path& folder, const Json& row) { write_json(folder / "results.json", row); }

}  // namespace lafs
