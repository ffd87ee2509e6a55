#include "runner/tools/verify/accepted.h"

#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kernel/ledger/json_file.h"
#include "lafs/error.h"

namespace lafs {

namespace {

/// What `thresholds_json` wrote.
std::vector<AcceptanceThreshold> from_json(const nlohmann::json& json, const std::string& file) try {
  std::vector<AcceptanceThreshold> out;
  for (const auto& evaluator : json) {
    for (const auto& row : evaluator.at("thresholds")) {
      if (row.at("threshold").is_null()) continue;  // infinite: an impostor pair is the most alike one
      out.push_back({row.at("threshold"), evaluator.at("evaluator"), row.at("far"), row.at("tar")});
    }
  }
  if (out.empty()) throw Error(fmt::format("\"{}\" holds no threshold that a score can reach", file));
  return out;
} catch (const nlohmann::json::exception&) {
  throw Error(fmt::format("\"{}\" holds no thresholds: give a file of lafs threshold MODEL --far RATE --json", file));
}

std::string line_of(double score, const AcceptanceThreshold& at) {
  const char* verdict = score >= at.threshold ? "accepted" : "not accepted";
  if (at.evaluator.empty()) return fmt::format("{}: the threshold is {:g}\n", verdict, at.threshold);
  return fmt::format("{} at FAR {:g}: the threshold is {:.5f}, which accepts {:.2f} % of the pairs of one person of \"{}\"\n", verdict,
                     at.far, at.threshold, 100 * at.tar, at.evaluator);
}

}  // namespace

std::vector<AcceptanceThreshold> acceptance_thresholds(const std::string& given) {
  char* end = nullptr;
  const double number = std::strtod(given.c_str(), &end);
  if (!given.empty() && *end == '\0') {
    if (number >= -1 && number <= 1) return {{number, "", 0, 0}};
    throw Error(fmt::format("{} is no threshold: scores lie between -1 and 1", given));
  }
  if (!std::filesystem::is_regular_file(given))
    throw Error(fmt::format("\"{}\" is neither a number nor a file of lafs threshold --json", given));
  return from_json(json_or_nothing(given), given);
}

std::string acceptance_text(double score, const std::vector<AcceptanceThreshold>& thresholds) {
  std::string out = fmt::format("score {:.5f}\n", score);
  for (const AcceptanceThreshold& at : thresholds) out += line_of(score, at);
  return out;
}

nlohmann::json acceptance_json(double score, const std::vector<AcceptanceThreshold>& thresholds) {
  nlohmann::json decisions = nlohmann::json::array();
  for (const AcceptanceThreshold& at : thresholds) {
    nlohmann::json decision{{"accepted", score >= at.threshold}, {"threshold", at.threshold}};
    if (!at.evaluator.empty()) decision.update({{"evaluator", at.evaluator}, {"far", at.far}, {"tar", at.tar}});
    decisions.push_back(decision);
  }
  return {{"score", score}, {"decisions", decisions}};
}

}  // namespace lafs
