#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "runner/tools/data/check_text.h"

namespace lafs {

namespace {

using nlohmann::json;

json damaged_json(const SourceCheck& check) {
  json damaged = json::array();
  for (const DamagedPicture& picture : check.damaged) {
    damaged.push_back({{"index", picture.index >= 0 ? json(picture.index) : json()},
                       {"key", picture.index >= 0 ? json(picture.key) : json()},
                       {"reason", picture.reason}});
  }
  return damaged;
}

json lost_json(const SourceCheck& check) {
  json lost = json::array();
  for (const LostIdentity& one : check.lost) lost.push_back({{"identity", one.identity}, {"pictures", one.pictures}, {"first", one.first}});
  return lost;
}

json picture_json(const DataSource& source, int64_t index) {
  return {{"index", index}, {"key", source.key(index)}, {"identity", source.identity(index)}};
}

json labels_json(const DataSource& source, const LabelFindings& labels) {
  json gaps = json::array(), single = json::array();
  for (const auto& [first, last] : labels.without) gaps.push_back({first, last});
  for (const int64_t index : labels.single) single.push_back(picture_json(source, index));
  return {{"smallest", labels.smallest},
          {"largest", labels.largest},
          {"with_pictures", labels.with_pictures},
          {"gaps", gaps},
          {"with_one_picture", {{"count", labels.single.size()}, {"listed", single}}}};
}

json colours_json(const DataSource& source, const ColourFindings& colours) {
  return {{"grey", colours.grey},
          {"first_grey", colours.grey > 0 ? picture_json(source, colours.first_grey) : json()},
          {"coloured", colours.coloured},
          {"more_blue_than_red", colours.bluer},
          {"probably_bgr", colours.probably_bgr()}};
}

json pairs_json(const std::vector<CopyPair>& pairs, const DataSource& first, const DataSource& second, const std::vector<double>* cosines) {
  json listed = json::array();
  int64_t exact = 0;
  for (size_t i = 0; i < pairs.size(); ++i) {
    const CopyPair& pair = pairs[i];
    exact += pair.exact;
    json one{{"first", picture_json(first, pair.first)},
             {"second", picture_json(second, pair.second)},
             {"same_pixels", pair.exact},
             {"agreement", pair.agreement}};
    if (cosines && i < cosines->size()) one["cosine"] = (*cosines)[i];
    listed.push_back(std::move(one));
  }
  return {{"count", pairs.size()}, {"same_pixels", exact}, {"listed", listed}};
}

json model_json(const DataSource& source, const ModelFindings& model) {
  if (!model.not_judged.empty()) return {{"model", model.model}, {"not_judged", model.not_judged}};
  json listed = json::array();
  for (const MislabelledPicture& one : model.labels.pictures) {
    json picture = picture_json(source, one.index);
    picture["own_cosine"] = one.own_cosine;
    picture["other"] = one.other;
    picture["other_cosine"] = one.other_cosine;
    listed.push_back(std::move(picture));
  }
  return {{"model", model.model},
          {"margin", model.margin},
          {"judged", model.labels.judged},
          {"alone", model.labels.alone},
          {"copies_confirmed", model.confirmed},
          {"mislabelled", {{"count", model.labels.pictures.size()}, {"listed", listed}}}};
}

void add_findings(const DataCheck& check, json& out) {
  const DataSource& source = *check.open.source;
  const SourceFindings& findings = check.findings;
  out["labels"] = labels_json(source, findings.labels);
  out["sizes"] = json::object();
  for (const auto& [size, count] : findings.sizes) out["sizes"][fmt::format("{}x{}", size.first, size.second)] = count;
  out["colours"] = colours_json(source, findings.colours);
  const auto cosines = [&](std::vector<double> ModelFindings::* of) { return check.model ? &((*check.model).*of) : nullptr; };
  out["copies_across_identities"] = pairs_json(findings.copies.across, source, source, cosines(&ModelFindings::across));
  out["copies_within_identities"] = pairs_json(findings.copies.within, source, source, cosines(&ModelFindings::within));
  out["pairs_not_compared"] = findings.copies.dropped;
  if (check.other.source) {
    const SharedFindings& shared = findings.shared;
    out["against"] = {{"source", shared.source},
                      {"pictures", pairs_json(findings.copies.other, source, *check.other.source, nullptr)},
                      {"damaged", shared.damaged},
                      {"names", shared.names_compared ? json{{"count", shared.names.size()}, {"listed", shared.names}} : json()}};
  }
  if (check.model) out["model"] = model_json(source, *check.model);
  out["suspicious"] = suspicions(check);
}

}  // namespace

json check_json(const DataCheck& check) {
  const DataSource& source = *check.open.source;
  json out{{"pictures", source.size()},
           {"identities", source.identities()},
           {"checked", check.findings.check.checked},
           {"damaged", damaged_json(check.findings.check)},
           {"identities_without_a_whole_picture", lost_json(check.findings.check)}};
  if (!check.findings.stopped && !check.decode_only) add_findings(check, out);
  return out;
}

}  // namespace lafs
