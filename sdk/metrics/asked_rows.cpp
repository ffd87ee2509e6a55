#include "metrics/asked_rows.h"

#include <fmt/format.h>

#include <cmath>
#include <unordered_map>
#include <utility>

#include "lafs/error.h"
#include "lafs/named.h"
#include "metrics/verification.h"

namespace lafs::metrics {
namespace {

std::vector<bool> people_with_pictures(const DataSource& source) {
  std::vector<bool> there(static_cast<size_t>(source.identities()));
  for (int64_t i = 0; i < source.size(); ++i) there[static_cast<size_t>(source.identity(i))] = true;
  return there;
}

/// Numbers of people by name; empty where one with pictures has none.
std::unordered_map<std::string, int64_t> named_people(const DataSource& source, const std::vector<bool>& there) {
  std::unordered_map<std::string, int64_t> numbers;
  for (int64_t person = 0; person < source.identities(); ++person) {
    if (!there[static_cast<size_t>(person)]) continue;
    const std::string name = identity_name(source, person);
    if (name.empty()) return {};
    numbers.emplace(name, person);
  }
  return numbers;
}

/// People of one source in another.
struct Matching {
  std::vector<bool> there;       ///< with pictures in the first
  std::vector<int64_t> numbers;  ///< in the second; -1: not there
  bool by_name = false;

  Matching(const DataSource& from, const DataSource& to) : there(people_with_pictures(from)), numbers(there.size(), -1) {
    const std::vector<bool> to_there = people_with_pictures(to);
    const auto from_names = named_people(from, there), to_names = named_people(to, to_there);
    by_name = !from_names.empty() && !to_names.empty();
    for (size_t person = 0; person < there.size(); ++person) {
      if (!there[person]) continue;
      if (!by_name && person < to_there.size() && to_there[person]) numbers[person] = static_cast<int64_t>(person);
      if (!by_name) continue;
      const auto found = to_names.find(identity_name(from, static_cast<int64_t>(person)));
      if (found != to_names.end()) numbers[person] = found->second;
    }
  }
};

}  // namespace

std::vector<int64_t> AskedRows::identities() const {
  std::vector<int64_t> out;
  for (int64_t r = 0; r < size(); ++r) out.push_back(identity(r));
  return out;
}

FeatureMatrix AskedRows::matrix(const Features& features) const {
  const FeatureMatrix rows = features.of(name);
  if (rows.rows != size()) throw Error(fmt::format("\"{}\" has {} rows for {} pictures", name, rows.rows, size()));
  if (const auto bad = first_row_not_finite(rows.values, rows.width))
    throw Error(fmt::format("row {} of \"{}\", picture \"{}\", is not finite", *bad, name, key(*bad)));
  return rows;
}

UnitRows AskedRows::rows(const Features& features) const {
  const FeatureMatrix all = matrix(features);
  return UnitRows(all.values, all.width, mirrors);
}

bool adds_mirror(const std::string& flip, const InputContract& contract) {
  return flip == "sum" || (flip == "contract" && contract.flip == "sum");
}

std::string input_words(const InputContract& contract, bool mirrors) {
  return fmt::format("cosine similarity, {}, pixels scaled as {}",
                     mirrors ? "embeddings of picture and mirror added" : "without the mirrored picture", contract.preset);
}

double share_error(double share, int64_t n) { return std::sqrt(share * (1 - share) / static_cast<double>(n)); }

double mean_error(std::span<const double> values) { return population_std(values) / std::sqrt(static_cast<double>(values.size())); }

std::vector<int64_t> people_in(const DataSource& from, const DataSource& to) { return Matching(from, to).numbers; }

std::vector<int64_t> matched_people(const DataSource& from, std::string_view from_name, const DataSource& to, std::string_view to_name) {
  Matching matching(from, to);
  for (size_t person = 0; person < matching.numbers.size(); ++person) {
    if (!matching.there[person] || matching.numbers[person] >= 0) continue;
    const std::string who = matching.by_name ? identity_name(from, static_cast<int64_t>(person)) : fmt::format("{}", person);
    throw Error(fmt::format("identity \"{}\" of {} has no picture in {}", who, from_name, to_name));
  }
  return std::move(matching.numbers);
}

}  // namespace lafs::metrics
