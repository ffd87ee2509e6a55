#include <cmath>

#include <nlohmann/json.hpp>

#include "kernel/results/results_json.h"
#include "runner/tools/release/verify_release.h"

namespace lafs {

namespace {

using Json = nlohmann::json;

Json account_json(const LoadAccount& account) {
  Json wrong = Json::array();
  for (const NotLoaded& one : account.wrong_shape) wrong.push_back({{"name", one.name}, {"reason", one.reason}});
  return {{"matched", account.matched.size()},   {"renamed", account.renamed},       {"wanted", account.wanted()},
          {"missing", account.missing},          {"unexpected", account.unexpected}, {"dropped", account.dropped},
          {"not_looked_at", account.unselected}, {"excluded", account.excluded},     {"not_finite", account.not_finite},
          {"wrong_shape", std::move(wrong)}};
}

Json measurement_json(const Measurement& one) {
  Json out{
      {"set", one.set},   {"scaling", one.input.preset}, {"colour", one.input.colour}, {"published_convention", is_published(one.input)},
      {"kept", one.kept}, {"fault", one.fault}};
  out["values"] = one.fault.empty() ? results_json({one.result}, 0, "").at("evaluators").at(0).at("values") : Json::array();
  return out;
}

Json network_json(const ReleaseNetwork& network) {
  Json out{{"name", network.plan.name},
           {"file", network.plan.file.string()},
           {"seen", network.seen.text},
           {"backbone", network.plan.backbone},
           {"classes", network.seen.classes},
           {"prototypes", network.seen.prototypes},
           {"landmarks_from", network.plan.landmarks.string()},
           {"remarks", network.hints.remarks},
           {"same_as", network.same_as},
           {"fault", network.fault},
           {"hash", network.hash},
           {"accounts", Json::array()},
           {"measurements", Json::array()}};
  for (const LoadAccount& account : network.details) out["accounts"].push_back(account_json(account));
  for (const Measurement& one : network.measurements) out["measurements"].push_back(measurement_json(one));
  return out;
}

Json number_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(); }

Json comparison_json(const RowComparison& one) {
  return {{"network", one.network},
          {"scaling", one.input.preset},
          {"colour", one.input.colour},
          {"measured", number_or_null(one.measured.value)},
          {"interval", {number_or_null(one.measured.low), number_or_null(one.measured.high)}},
          {"interval_of", one.interval_of},
          {"verdict", verdict_text(one.verdict)}};
}

Json row_json(const RowOutcome& row) {
  Json out{
      {"row", row.row.stem}, {"title", row.row.title}, {"candidates", row.candidates}, {"notes", row.notes}, {"values", Json::array()}};
  for (const ValueOutcome& value : row.values) {
    const PublishedValue& published = value.value.published;
    Json one{{"set", value.value.set},
             {"metric", published.metric},
             {"published", published.value},
             {"tolerance", published.tolerance},
             {"source", published.source},
             {"status", published.status},
             {"verdict", verdict_text(value.verdict)},
             {"why", value.why},
             {"comparisons", Json::array()}};
    for (const RowComparison& comparison : value.comparisons) one["comparisons"].push_back(comparison_json(comparison));
    out["values"].push_back(std::move(one));
  }
  return out;
}

}  // namespace

Json release_json(const ReleaseReport& report) {
  Json out{{"folder", report.folder.string()}, {"notes", report.notes}, {"missing", report.missing}};
  for (const char* key : {"networks", "useless", "sets", "record_sets", "rows"}) out[key] = Json::array();
  for (const ReleaseNetwork& network : report.networks) out["networks"].push_back(network_json(network));
  for (const UselessFile& file : report.useless) out["useless"].push_back({{"file", file.file.string()}, {"why", file.why}});
  for (const ReleaseSet& set : report.sets)
    out["sets"].push_back({{"name", set.name}, {"path", set.path.string()}, {"about", set.text}, {"fault", set.fault}});
  for (const auto& file : report.record_sets) out["record_sets"].push_back(file.string());
  for (const RowOutcome& row : report.rows) out["rows"].push_back(row_json(row));
  return out;
}

}  // namespace lafs
