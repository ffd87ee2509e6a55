#include "kernel/results/study_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "kernel/results/unit_text.h"

namespace lafs {

namespace {

using Json = nlohmann::json;

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(); }

Json value_json(const std::optional<StudyValue>& value) {
  if (!value) return nullptr;
  Json out{{"mean", number(value->mean)}, {"standard_deviation", number(value->deviation)}, {"seeds", value->seeds}, {"best", value->best}};
  if (value->difference) {
    out["difference"] = number(value->difference->mean);
    out["standard_error_of_difference"] = number(value->difference->standard_error);
    out["p"] = number(value->difference->p);
  }
  if (value->published) {
    out["published"] = value->published->value;
    out["tolerance"] = value->published->tolerance;
    out["reproduced"] = value->reproduced;
  }
  return out;
}

}  // namespace

Json study_table_json(const StudyTable& table) {
  Json out{{"title", table.study->title}, {"label_names", table.study->label_names}, {"columns", Json::array()}, {"lines", Json::array()}};
  if (const auto& average = table.study->average)
    out["average"] = {{"axis", average->axis}, {"labels", average->labels}, {"left_out", average->left_out}};
  out["against"] = table.against ? Json(table.against->name) : Json();
  if (!table.other_data.empty()) out["warnings"] = {table.other_data};
  for (const StudyColumn& column : table.columns) {
    out["columns"].push_back({{"title", column.title}, {"unit", unit_text(column.unit)}});
    if (column.pixels) out["columns"].back()["pixels"] = *column.pixels;
  }
  for (size_t i = 0; i < table.values.size(); ++i) {
    const StudyLine& line = table.study->lines[i];
    Json json{{"labels", line.labels},         {"seeds", Json::array()},    {"troubles", line.troubles},
              {"deviations", line.deviations}, {"warnings", line.warnings}, {"values", Json::array()}};
    for (const SeedResults& seed : line.seeds) json["seeds"].push_back(seed.seed);
    const auto counterpart = table.against ? table.against->counterparts[i] : std::nullopt;
    json["against"] = counterpart ? Json(table.study->lines[*counterpart].labels) : Json();
    for (const auto& value : table.values[i]) json["values"].push_back(value_json(value));
    out["lines"].push_back(std::move(json));
  }
  out["others"] = Json::array();
  for (size_t i = 0; i < table.others.size(); ++i) {
    const OtherMethod& other = table.study->others[i];
    Json json{{"method", other.method},
              {"backbone", other.backbone},
              {"training_set", other.training_set},
              {"source", other.source},
              {"values", Json::array()}};
    for (const auto& value : table.others[i]) json["values"].push_back(value ? Json(*value) : Json());
    out["others"].push_back(std::move(json));
  }
  return out;
}

}  // namespace lafs
