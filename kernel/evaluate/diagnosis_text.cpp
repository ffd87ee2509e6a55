#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kernel/evaluate/model_diagnosis.h"

namespace lafs {

namespace {

const char* verdict_text(DiagnosisVerdict verdict) {
  switch (verdict) {
    case DiagnosisVerdict::no_problem:
      return "no problem found";
    case DiagnosisVerdict::problem:
      return "problem found";
    case DiagnosisVerdict::cannot_tell:
      return "cannot tell";
  }
  return "";
}

std::string row_text(const ContractTrial& trial, bool first) {
  const std::string what = first ? trial.what + " (as given)" : trial.what;
  if (!trial.fault.empty()) return fmt::format("  {:58}  {}\n", what, trial.fault);
  if (first) return fmt::format("  {:58}  {:6.2f}\n", what, trial.gain.after);
  return fmt::format("  {:58}  {:6.2f}  {:+6.2f} ± {:.2f}\n", what, trial.gain.after, trial.gain.gain(), trial.gain.standard_error);
}

/// The contract as given, then the trials, the best first.
std::vector<const ContractTrial*> in_order(const ContractSearch& search) {
  std::vector<const ContractTrial*> order;
  for (const ContractTrial& trial : search.trials) order.push_back(&trial);
  std::stable_sort(order.begin() + 1, order.end(), [](const ContractTrial* a, const ContractTrial* b) {
    return std::pair(a->fault.empty(), a->gain.after) > std::pair(b->fault.empty(), b->gain.after);
  });
  return order;
}

nlohmann::json gain_json(const metrics::SeparationGain& gain) {
  return {{"before", gain.before}, {"after", gain.after}, {"standard_error", gain.standard_error}};
}

nlohmann::json exchange_json(const LayerExchange& exchange) {
  return {{"first", exchange.first}, {"second", exchange.second}, {"gain", gain_json(exchange.gain)}};
}

std::string exchanges_text(const ExchangeSearch& exchanges) {
  if (exchanges.candidates == 0) return "";
  return fmt::format("exchanged layers: {} of {} pairs of equal shape tried, {}\n", exchanges.tried, exchanges.candidates,
                     exchanges.found ? "one found" : "none found");
}

}  // namespace

std::string diagnosis_text(const ModelDiagnosis& diagnosis) {
  std::string text = fmt::format("{}\non {}: {} genuine and {} impostor pairs\n\n", diagnosis.model, diagnosis.set, diagnosis.genuine,
                                 diagnosis.impostors);
  text += fmt::format("  {:58}  {:>6}  {}\n", "input contract", "d'", "gain");
  const auto order = in_order(diagnosis.search);
  for (const ContractTrial* trial : order) text += row_text(*trial, trial == order.front());
  text += "  d' is the distance of genuine from impostor scores in standard deviations; gains are paired over the pairs\n\n";
  if (const auto& weights = diagnosis.weights) {
    text += fmt::format("weights: {} of {} matrices have the spectrum of random numbers, {} of {} scales and biases their first value\n",
                        weights->random_like.size(), weights->matrices, weights->initial.size(), weights->vectors);
  }
  text += exchanges_text(diagnosis.exchanges);
  text += fmt::format("{}\n", verdict_text(diagnosis.verdict));
  for (const std::string& sentence : diagnosis.sentences) text += fmt::format("  - {}\n", sentence);
  return text;
}

nlohmann::json diagnosis_json(const ModelDiagnosis& diagnosis) {
  nlohmann::json json{{"model", diagnosis.model},
                      {"set", diagnosis.set},
                      {"genuine", diagnosis.genuine},
                      {"impostors", diagnosis.impostors},
                      {"verdict", verdict_text(diagnosis.verdict)},
                      {"sentences", diagnosis.sentences}};
  for (const ContractTrial& trial : diagnosis.search.trials) {
    nlohmann::json one{{"what", trial.what}};
    if (trial.fault.empty()) {
      one["gain"] = gain_json(trial.gain);
    } else {
      one["fault"] = trial.fault;
    }
    json["trials"].push_back(one);
  }
  for (const ContractFinding& finding : diagnosis.search.findings) {
    json["findings"].push_back({{"part", finding.part},
                                {"given", finding.given},
                                {"fits", finding.fits},
                                {"as_well", finding.as_well},
                                {"setting", finding.setting},
                                {"sure", finding.sure},
                                {"gain", gain_json(finding.gain)}});
  }
  const auto& [found, doubtful, tried, candidates] = diagnosis.exchanges;
  json["layer_pairs"] = {{"tried", tried}, {"of", candidates}};
  if (found) json["exchanged"] = exchange_json(*found);
  if (doubtful) json["doubtful_exchange"] = exchange_json(*doubtful);
  if (const auto& weights = diagnosis.weights) {
    json["weights"] = {{"matrices", weights->matrices},
                       {"random_like", weights->random_like},
                       {"untrained", weights->untrained()},
                       {"untrained_parts", weights->untrained() ? std::vector<std::string>() : weights->untrained_parts()}};
  }
  return json;
}

}  // namespace lafs
