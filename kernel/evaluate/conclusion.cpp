#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "formats/file_kind.h"
#include "kernel/evaluate/model_diagnosis.h"

namespace lafs {

namespace {

constexpr int64_t least_pairs = 50;

std::string gain_text(const metrics::SeparationGain& gain) {
  return fmt::format("d' rises from {:.2f} to {:.2f}, by {:.1f} standard errors", gain.before, gain.after, gain.significance());
}

/// Scores of the contract that fits best.
const ContractTrial& best_trial(const ContractSearch& search) {
  return *std::max_element(search.trials.begin(), search.trials.end(),
                           [](const ContractTrial& a, const ContractTrial& b) { return a.gain.after < b.gain.after; });
}

/// Whether genuine and impostor pairs do not differ beyond chance.
bool at_chance(const ModelDiagnosis& diagnosis) {
  const double error = std::sqrt(1 / static_cast<double>(diagnosis.genuine) + 1 / static_cast<double>(diagnosis.impostors));
  return best_trial(diagnosis.search).gain.after < 3 * error;
}

/// Whether pictures of anyone give the same embedding, under the contract as given and under that which fits best: a wrong contract makes
/// the embeddings of a sound network alike, too.
bool collapsed(const ModelDiagnosis& diagnosis) {
  const auto all_alike = [](const ContractTrial& trial) {
    return !trial.scores.empty() && *std::min_element(trial.scores.begin(), trial.scores.end()) > 0.999;
  };
  return all_alike(best_trial(diagnosis.search)) &&
         (!diagnosis.search.trials.front().fault.empty() || all_alike(diagnosis.search.trials.front()));
}

std::string weights_sentence(const WeightSigns& weights) {
  if (weights.untrained()) {
    return fmt::format("the weights look untrained: {} of {} matrices have the spectrum of independent random numbers",
                       weights.random_like.size() + weights.constant.size(), weights.matrices);
  }
  const auto parts = weights.untrained_parts();
  if (parts.empty()) return "";
  return fmt::format("these parts look as they were before training, and the others do not: {}; the file may have been loaded in part",
                     formats::some_names(parts));
}

std::string finding_sentence(const ContractFinding& finding) {
  std::string text =
      fmt::format("{}: the pictures are given as {}, and the model fits {}; {}. Set [input] {}", finding.part, finding.given, finding.fits,
                  finding.gain.after > 0 ? gain_text(finding.gain) : "as given it has no finite embeddings", finding.setting);
  if (!finding.as_well.empty()) text += fmt::format(" (these pairs cannot tell it from {})", fmt::join(finding.as_well, ", "));
  return text;
}

/// How many pairs bring a gain of this size to the standard errors from which it is sure, in hundreds.
int64_t pairs_needed(const metrics::SeparationGain& gain, int64_t pairs) {
  const double missing = ContractSearchOptions().sure / gain.significance();
  return 100 * static_cast<int64_t>(std::ceil(static_cast<double>(pairs) * missing * missing / 100));
}

std::string doubtful_sentence(const ContractFinding& finding, const ModelDiagnosis& diagnosis) {
  return fmt::format(
      "cannot tell whether {} {} fits better than {}: {}, which may be chance among {} trials; if it is not, about {} pairs would tell "
      "(--pairs)",
      finding.part, finding.fits, finding.given, gain_text(finding.gain), diagnosis.search.trials.size(),
      pairs_needed(finding.gain, diagnosis.genuine + diagnosis.impostors));
}

}  // namespace

void conclude(ModelDiagnosis& diagnosis) {
  const auto found = [&](std::string sentence) {
    diagnosis.verdict = DiagnosisVerdict::problem;
    diagnosis.sentences.push_back(std::move(sentence));
  };
  const auto unsure = [&](std::string sentence) {
    if (diagnosis.verdict != DiagnosisVerdict::problem) diagnosis.verdict = DiagnosisVerdict::cannot_tell;
    diagnosis.sentences.push_back(std::move(sentence));
  };
  diagnosis.verdict = DiagnosisVerdict::no_problem;
  if (!diagnosis.record.empty()) found("the model was trained with another input than is given: " + diagnosis.record);
  const std::string weights = diagnosis.weights ? weights_sentence(*diagnosis.weights) : "";
  if (!weights.empty()) found(weights);
  if (collapsed(diagnosis)) return found("the embeddings have collapsed: every pair, whoever is on it, has a cosine above 0.999");
  if (diagnosis.genuine < least_pairs || diagnosis.impostors < least_pairs) {
    return unsure(fmt::format("the set is too small to tell: {} genuine and {} impostor pairs, and {} of each are needed",
                              diagnosis.genuine, diagnosis.impostors, least_pairs));
  }
  if (diagnosis.weights && diagnosis.weights->untrained()) return;  // what such a network prefers means nothing
  for (const ContractFinding& finding : diagnosis.search.findings) {
    if (finding.sure) {
      found(finding_sentence(finding));
    } else {
      unsure(doubtful_sentence(finding, diagnosis));
    }
  }
  if (const auto& exchange = diagnosis.exchanges.found) {
    found(fmt::format("the weights of \"{}\" and \"{}\" have each other's place: exchanged, {}", exchange->first, exchange->second,
                      gain_text(exchange->gain)));
  } else if (const auto& maybe = diagnosis.exchanges.doubtful) {
    unsure(
        fmt::format("cannot tell whether the weights of \"{}\" and \"{}\" have each other's place: exchanged, {}, which may be chance "
                    "among {} pairs of layers; more pairs of pictures would tell",
                    maybe->first, maybe->second, gain_text(maybe->gain), diagnosis.exchanges.tried));
  } else if (at_chance(diagnosis)) {
    found("no input contract tells people apart beyond chance: these are not the weights of a face model, or they are in the wrong places");
  }
}

}  // namespace lafs
