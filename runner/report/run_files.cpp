#include "runner/report/run_files.h"

#include <algorithm>
#include <cmath>
#include <fstream>

#include <fmt/format.h>

#include "formats/file_text.h"
#include "lafs/error.h"

namespace lafs {

namespace {

using Json = nlohmann::json;

Series& series_named(std::vector<Series>& all, const std::string& name) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Series& one) { return one.name == name; });
  if (found != all.end()) return *found;
  all.push_back({name, {}, {}});
  return all.back();
}

std::vector<Series>& metrics_named(std::vector<EvaluationLog>& all, const std::string& evaluator) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const EvaluationLog& one) { return one.evaluator == evaluator; });
  if (found != all.end()) return found->metrics;
  all.push_back({evaluator, {}});
  return all.back().metrics;
}

void add_step(const Json& line, double step, std::vector<Series>& values) {
  for (const auto& [name, value] : line.items()) {
    if (name == "step" || name == "epoch" || !(value.is_number() || value.is_null())) continue;
    Series& series = series_named(values, name);
    series.x.push_back(step);
    series.y.push_back(value.is_number() ? value.get<double>() : NAN);
  }
}

void add_evaluation(const Json& line, double step, std::vector<Series>& metrics) {
  const std::string ending = "_error";
  for (const auto& [name, value] : line.items()) {
    const bool is_error = name.ends_with(ending) && line.contains(name.substr(0, name.size() - ending.size()));
    if (name == "step" || is_error || !value.is_number()) continue;
    Series& series = series_named(metrics, name);
    const double y = value.get<double>(), error = line.contains(name + ending) ? number_under(line, (name + ending).c_str()) : 0;
    series.x.push_back(step);
    series.y.push_back(y);
    series.low.push_back(y - error);
    series.high.push_back(y + error);
  }
}

}  // namespace

std::optional<Json> json_object_in(const std::filesystem::path& file) {
  const auto text = formats::file_text(file);
  if (!text) return std::nullopt;
  Json out = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!out.is_object()) throw Error(fmt::format("\"{}\" is not a JSON object", file.string()));
  return out;
}

double number_under(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>() : NAN;
}

const Series* TrainingLog::find(const std::string& name) const {
  const auto found = std::find_if(values.begin(), values.end(), [&](const Series& one) { return one.name == name; });
  return found == values.end() ? nullptr : &*found;
}

TrainingLog read_training_log(const std::filesystem::path& file) {
  TrainingLog log;
  std::ifstream in(file);
  for (std::string text; std::getline(in, text);) {
    const Json line = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!line.is_object()) continue;
    const double step = number_under(line, "step");
    if (!std::isfinite(step)) continue;
    if (line.contains("note")) continue;
    const auto evaluation = line.find("evaluation");
    if (evaluation == line.end()) {
      add_step(line, step, log.values);
    } else if (evaluation->is_string()) {
      add_evaluation(line, step, metrics_named(log.evaluations, evaluation->get<std::string>()));
    }
  }
  return log;
}

}  // namespace lafs
