#include "runner/tools/verify/accepted.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "formats/path_within.h"
#include "kernel/ledger/json_file.h"
#include "lafs/error.h"

namespace lafs {

namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const std::string& file) {
  throw Error(fmt::format("\"{}\" holds no thresholds: give a file of lafs threshold MODEL --far RATE --json", file));
}

/// What `thresholds_json` wrote.
std::vector<AcceptanceThreshold> from_json(const nlohmann::json& json, const std::string& file) {
  std::vector<AcceptanceThreshold> out;
  if (!json.is_array()) refuse(file);
  try {
    for (const auto& evaluator : json) {
      for (const auto& row : evaluator.at("thresholds")) {
        const auto& threshold = row.at("threshold");
        out.push_back({threshold.is_null() ? std::nullopt : std::optional<double>(threshold), evaluator.at("evaluator"), row.at("far"),
                       row.at("tar"), text_under(evaluator, "model")});
      }
    }
  } catch (const nlohmann::json::exception&) {
    refuse(file);
  }
  if (out.empty()) refuse(file);
  return out;
}

std::string line_of(double score, const AcceptanceThreshold& at) {
  const std::string verdict = at.accepts(score) ? "accepted" : "not accepted";
  if (at.evaluator.empty()) return fmt::format("{}: the threshold is {}\n", verdict, *at.threshold);
  if (!at.threshold)
    return fmt::format("{} at FAR {:g}: no score is strict enough, as the most alike pair of \"{}\" is of two people\n", verdict, at.far,
                       at.evaluator);
  return fmt::format("{} at FAR {:g}: the threshold is {}, which accepts {:.2f} % of the pairs of one person of \"{}\"\n", verdict, at.far,
                     *at.threshold, 100 * at.tar, at.evaluator);
}

}  // namespace

std::vector<AcceptanceThreshold> acceptance_thresholds(const std::string& given) {
  char* end = nullptr;
  const double number = std::strtod(given.c_str(), &end);
  if (!given.empty() && *end == '\0') {
    if (number >= -1 && number <= 1) return {{number, "", 0, 0, ""}};
    throw Error(fmt::format("{} is no threshold: scores lie between -1 and 1", given));
  }
  if (!given.empty() && !fs::exists(given))
    throw Error(fmt::format("\"{}\" is not a number, and there is no such file of lafs threshold --json", given));
  if (!fs::is_regular_file(given)) throw Error(fmt::format("\"{}\" is neither a number nor a file of lafs threshold --json", given));
  return from_json(json_or_nothing(given), given);
}

std::string other_model_note(const std::vector<AcceptanceThreshold>& thresholds, const fs::path& model) {
  const fs::path own = fs::weakly_canonical(model);
  for (const AcceptanceThreshold& at : thresholds) {
    const fs::path theirs = fs::weakly_canonical(at.model);
    if (!at.model.empty() && !formats::is_within(own, theirs) && !formats::is_within(theirs, own))
      return fmt::format("warning: the thresholds belong to \"{}\", and mean nothing for the scores of another model", at.model);
  }
  return "";
}

std::string acceptance_text(double score, const std::vector<AcceptanceThreshold>& thresholds) {
  std::string out = fmt::format("score {:.6f}\n", score);
  for (const AcceptanceThreshold& at : thresholds) out += line_of(score, at);
  return out;
}

nlohmann::json acceptance_json(double score, const std::vector<AcceptanceThreshold>& thresholds) {
  nlohmann::json decisions = nlohmann::json::array();
  for (const AcceptanceThreshold& at : thresholds) {
    nlohmann::json decision{{"accepted", at.accepts(score)}, {"threshold", at.threshold ? nlohmann::json(*at.threshold) : nullptr}};
    if (!at.evaluator.empty()) decision.update({{"evaluator", at.evaluator}, {"far", at.far}, {"tar", at.tar}});
    decisions.push_back(decision);
  }
  return {{"score", score}, {"decisions", decisions}};
}

}  // namespace lafs
