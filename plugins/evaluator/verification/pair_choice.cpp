#include "pair_choice.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "formats/near_name.h"
#include "formats/pair_list.h"
#include "formats/text_file.h"
#include "lafs/error.h"
#include "metrics/verification.h"

namespace lafs::verification {
namespace {

/// The likely cause of a key that no picture has.
std::string why_missing(const std::string& key, const formats::PairList& list, const DataSource& source) {
  formats::NearName near(list.has_endings ? key : key + ".");
  for (int64_t i = 0; i < source.size(); ++i) {
    const std::string there = source.key(i);
    if (!list.has_endings && there.starts_with(key) && there.find_first_of("._", key.size()) == key.size())
      return fmt::format("; \"{}\" is there: set extension = [\"{}\"]", formats::shown(there), formats::shown(there.substr(key.size())));
    near.look(list.has_endings ? there : there.substr(0, there.rfind('.') + 1));
  }
  std::string hint = near.hint();
  if (const size_t point = list.has_endings ? std::string::npos : hint.rfind(".\""); point != std::string::npos) hint.erase(point, 1);
  return hint;
}

int64_t index_of(const std::string& key, const formats::PairList& list, int64_t line, const PairOptions& options,
                 const DataSource& source) {
  if (const auto index = source.find(key)) return *index;
  if (!list.has_endings)
    for (const std::string& ending : options.extension)
      if (const auto index = source.find(key + ending)) return *index;
  const std::string endings = list.has_endings ? "" : fmt::format(" with the ending {}", fmt::join(options.extension, " or "));
  throw Error(fmt::format("the data source has no picture \"{}\"{}{}", formats::shown(key), endings, why_missing(key, list, source)))
      .at(fmt::format("{}:{}", options.pairs.value, line));
}

/// What pairs say that their pictures do not.
struct Contradictions {
  int64_t genuine = 0, impostor = 0, of_itself = 0;

  void note(const std::vector<metrics::Pair>& pairs, const std::string& file, std::vector<std::string>& notes) const {
    const auto all = static_cast<int64_t>(pairs.size());
    if (genuine > 0 && impostor > 0 && genuine + impostor == all)
      throw Error("every pair contradicts the identities of the data source: a line ends in 1 for one person, and in 0 for two").at(file);
    if (genuine + impostor > 0)
      notes.push_back(fmt::format("{} pairs of the list contradict the identities of the data source", genuine + impostor));
    if (of_itself > 0) notes.push_back(fmt::format("{} pairs of the list compare a picture with itself", of_itself));
  }
};

ChosenPairs listed(const PairOptions& options, const DataSource& source) {
  const formats::PairList list = formats::read_pair_list(options.pairs.value);
  ChosenPairs chosen;
  Contradictions found;
  for (const formats::ListedPair& pair : list.pairs) {
    const int64_t first = index_of(pair.first, list, pair.line, options, source);
    const int64_t second = index_of(pair.second, list, pair.line, options, source);
    if ((source.identity(first) == source.identity(second)) != pair.same) ++(pair.same ? found.genuine : found.impostor);
    found.of_itself += first == second ? 1 : 0;
    chosen.pairs.push_back({first, second, pair.same});
  }
  chosen.notes.push_back(fmt::format("pairs of \"{}\"", std::filesystem::path(options.pairs.value).filename().string()));
  found.note(chosen.pairs, options.pairs.value, chosen.notes);
  if (list.folds > 0 && list.folds != options.folds)
    chosen.notes.push_back(fmt::format("the list has {} folds, and {} are used", list.folds, options.folds));
  return chosen;
}

std::vector<int64_t> identities_of(const DataSource& source) {
  std::vector<int64_t> identities;
  for (int64_t i = 0; i < source.size(); ++i) identities.push_back(source.identity(i));
  return identities;
}

}  // namespace

void PairOptions::declare(Params& p) {
  p("pairs", pairs, "list of pairs: LFW's pairs.txt or pairsDev*.txt, or lines \"A B 0|1\" of keys: paths, or numbers of a record set");
  p("all_pairs", all_pairs, "every pair of pictures of the data source");
  p("genuine", genuine, at_least(0), "genuine pairs to draw; each identity gives one before any gives a second");
  p("impostor", impostor, at_least(0), "impostor pairs to draw, uniform over pairs of pictures");
  p("seed", seed, at_least(0), "seed for drawing and ordering the pairs");
  p("folds", folds, in(2, 1000),
    "contiguous blocks of pairs, the threshold of each chosen on the others; the order is the list's, or mixes both kinds evenly");
  p("extension", extension, "endings tried for LFW's names, which have none");
}

ChosenPairs choose_pairs(const PairOptions& options, const DataSource& source) {
  const bool drawn = options.genuine > 0 || options.impostor > 0;
  if ((options.pairs.empty() ? 0 : 1) + (options.all_pairs ? 1 : 0) + (drawn ? 1 : 0) != 1)
    throw Error("give exactly one of \"pairs\", \"all_pairs\", or \"genuine\" with \"impostor\"");
  const auto seed = static_cast<uint64_t>(options.seed);
  ChosenPairs chosen;
  if (!options.pairs.empty()) {
    chosen = listed(options, source);
  } else if (options.all_pairs) {
    chosen = {metrics::all_pairs(identities_of(source)), {"every pair of the data source"}};
  } else {
    chosen = {metrics::drawn_pairs(identities_of(source), options.genuine, options.impostor, seed),
              {fmt::format("pairs drawn with seed {}", options.seed)}};
  }
  if (options.pairs.empty() || !metrics::folds_are_mixed(chosen.pairs, options.folds)) {
    chosen.pairs = metrics::interleaved(chosen.pairs, seed);
    chosen.notes.push_back("genuine and impostor pairs are mixed evenly over the folds");
  }
  const auto genuine = std::count_if(chosen.pairs.begin(), chosen.pairs.end(), [](const metrics::Pair& pair) { return pair.same; });
  if (genuine == 0) throw Error("there is no genuine pair");
  if (static_cast<size_t>(genuine) == chosen.pairs.size()) throw Error("there is no impostor pair");
  metrics::make_folds(static_cast<int64_t>(chosen.pairs.size()), options.folds);
  chosen.notes.push_back(fmt::format("{} pairs, {} of them genuine, in {} contiguous folds", chosen.pairs.size(), genuine, options.folds));
  return chosen;
}

}  // namespace lafs::verification
