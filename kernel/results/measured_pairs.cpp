#include "kernel/results/measured_pairs.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace lafs {

namespace {

/// Fingerprints of the pairs by seed; of one that is not known "".
std::map<int64_t, std::string> pairs_by_seed(const StudyLine& line, const std::string& stage, const std::string& evaluator) {
  std::map<int64_t, std::string> pairs;
  for (const SeedResults& seed : line.seeds) {
    const auto* results = seed.of_stage(stage);
    if (!results) continue;
    for (const NamedMetrics& named : *results)
      if (named.name == evaluator) pairs.emplace(seed.seed, named.metrics.comparisons.pairs);
  }
  return pairs;
}

}  // namespace

bool have_other_pairs(const Study& study, const std::string& stage, const std::string& evaluator) {
  std::map<int64_t, std::string> known;
  for (const StudyLine& line : study.lines) {
    for (const auto& [seed, pairs] : pairs_by_seed(line, stage, evaluator))
      if (!pairs.empty() && known.emplace(seed, pairs).first->second != pairs) return true;
  }
  return false;
}

bool have_same_pairs(const Study& study, const std::string& stage, const std::string& evaluator) {
  return std::all_of(study.lines.begin(), study.lines.end(), [&](const StudyLine& line) {
    std::set<std::string> different;
    for (const auto& [seed, pairs] : pairs_by_seed(line, stage, evaluator)) different.insert(pairs);
    return different.size() < 2 && !different.contains("");
  });
}

bool saw_other_data(const std::vector<NamedMetrics>& results, const std::vector<NamedMetrics>& others) {
  const auto same_name = [](const NamedMetrics& a, const NamedMetrics& b) { return a.name == b.name; };
  if (results.empty() || !std::equal(results.begin(), results.end(), others.begin(), others.end(), same_name)) return false;
  const std::string &first = results.front().measured_on, &other = others.front().measured_on;
  return !first.empty() && !other.empty() && first != other;
}

std::string other_data_warning(const std::string& first, const std::string& other) {
  return fmt::format("{} was measured on other test data than {}: unless that is meant, measure both again before you compare them", other,
                     first);
}

std::string other_data_warning(const Study& study, const std::string& stage) {
  std::vector<std::pair<std::string, const std::vector<NamedMetrics>*>> known;  // one for each fingerprint that was met
  for (const StudyLine& line : study.lines) {
    for (const SeedResults& seed : line.seeds) {
      const auto* results = seed.of_stage(stage);
      if (!results || results->empty()) continue;
      const std::string name = fmt::format("\"{}\" under seed {}", line.name(), seed.seed);
      for (const auto& [first, seen] : known)
        if (saw_other_data(*seen, *results)) return other_data_warning(first, name);
      const auto is_same = [&](const auto& one) { return one.second->front().measured_on == results->front().measured_on; };
      if (std::none_of(known.begin(), known.end(), is_same)) known.emplace_back(name, results);
    }
  }
  return "";
}

}  // namespace lafs
