#include "pair_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "formats/listed_picture.h"
#include "formats/pair_list.h"
#include "formats/text_file.h"
#include "lafs/error.h"
#include "lafs/paired.h"
#include "metrics/verification.h"

namespace lafs::verification {
namespace {

/// What pairs say that their pictures do not.
struct Contradictions {
  int64_t genuine = 0, impostor = 0, of_itself = 0;

  void note(const std::vector<metrics::Pair>& pairs, const std::string& file, std::vector<std::string>& warnings) const {
    const auto all = static_cast<int64_t>(pairs.size());
    if (genuine > 0 && impostor > 0 && genuine + impostor == all)
      throw Error("every pair contradicts the identities of the data source: a line ends in 1 for one person, and in 0 for two").at(file);
    if (genuine + impostor > 0)
      warnings.push_back(fmt::format("pairs of the list that contradict the identities of the data source: {}", genuine + impostor));
    if (of_itself > 0) warnings.push_back(fmt::format("pairs of the list that compare a picture with itself: {}", of_itself));
  }
};

/// Pictures of a list that the source does not have, and the pairs that are left out because of them.
class MissingPictures {
 public:
  /// Whether one of a pair is missing, which is then counted.
  bool leave_out(const formats::ListedPair& pair, bool has_first, bool has_second) {
    if (!has_first) ++pairs_of_[pair.first];
    if (!has_second && (has_first || pair.second != pair.first)) ++pairs_of_[pair.second];
    left_out_ += has_first && has_second ? 0 : 1;
    return !has_first || !has_second;
  }
  void tell(size_t all, const std::string& file, ChosenPairs& chosen) const {
    if (left_out_ == 0) return;
    if (left_out_ == static_cast<int64_t>(all)) throw Error("every pair names a picture that the data source does not have").at(file);
    for (const auto& [key, pairs] : pairs_of_) chosen.missing.items.push_back({key, static_cast<double>(pairs)});
    chosen.warnings.push_back(fmt::format("{} of the {} pairs of the list are left out, because {} pictures are missing, first \"{}\"",
                                          left_out_, all, pairs_of_.size(), formats::shown(pairs_of_.begin()->first)));
  }

 private:
  std::map<std::string, int64_t> pairs_of_;
  int64_t left_out_ = 0;
};

ChosenPairs listed(const PairOptions& options, const DataSource& source) {
  const formats::PairList list = formats::read_pair_list(options.pairs.value);
  formats::check_endings(options.extension, !list.has_endings);
  const formats::ListedPictures pictures{list, options.extension, source};
  const auto index_of = [&](const std::string& key, int64_t line) {
    return options.missing == "skip" ? pictures.find(key) : pictures.at(key, fmt::format("{}:{}", options.pairs.value, line));
  };
  ChosenPairs chosen;
  Contradictions found;
  MissingPictures missing;
  for (const formats::ListedPair& pair : list.pairs) {
    const auto there_first = index_of(pair.first, pair.line), there_second = index_of(pair.second, pair.line);
    if (missing.leave_out(pair, there_first.has_value(), there_second.has_value())) continue;
    const int64_t first = *there_first, second = *there_second;
    if ((source.identity(first) == source.identity(second)) != pair.same) ++(pair.same ? found.genuine : found.impostor);
    found.of_itself += first == second ? 1 : 0;
    chosen.pairs.push_back({first, second, pair.same});
  }
  chosen.notes.push_back(fmt::format("pairs of \"{}\"", std::filesystem::path(options.pairs.value).filename().string()));
  found.note(chosen.pairs, options.pairs.value, chosen.warnings);
  missing.tell(list.pairs.size(), options.pairs.value, chosen);
  if (list.folds > 0 && list.folds != options.folds)
    chosen.notes.push_back(fmt::format("the list has {} folds, and {} are used", list.folds, options.folds));
  return chosen;
}

std::vector<int64_t> identities_of(const DataSource& source) {
  std::vector<int64_t> identities;
  for (int64_t i = 0; i < source.size(); ++i) identities.push_back(source.identity(i));
  return identities;
}

/// The pairs that a source brings along.
ChosenPairs brought(const Paired& source) {
  ChosenPairs chosen;
  for (const ComparedPair& pair : source.pairs()) chosen.pairs.push_back({pair.first, pair.second, pair.same});
  chosen.notes.push_back("pairs of the data source");
  chosen.knows_people = source.knows_people();
  return chosen;
}

/// The one way that the options choose, unless the source brings pairs along: then none.
void check_ways(const PairOptions& options, bool brings_pairs) {
  const bool drawn = options.genuine > 0 || options.impostor > 0;
  const int ways = (options.pairs.empty() ? 0 : 1) + (options.all_pairs ? 1 : 0) + (drawn ? 1 : 0);
  if (brings_pairs && ways > 0)
    throw Error("the data source brings its own pairs; leave out \"pairs\", \"all_pairs\", \"genuine\" and \"impostor\"");
  if (!brings_pairs && ways != 1) throw Error("give exactly one of \"pairs\", \"all_pairs\", or \"genuine\" with \"impostor\"");
  if (options.missing == "skip" && options.pairs.empty())
    throw Error("missing = \"skip\" has no effect without a list of pairs; leave it out");
  if (options.pairs.empty()) formats::check_endings(options.extension, false);
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
  p.affects_unless("error", "missing", missing, one_of({"error", "skip"}),
                   "error: a pair of the list whose picture is missing is an error; skip: it is left out, counted and listed");
}

ChosenPairs choose_pairs(const PairOptions& options, const DataSource& source) {
  const auto* paired = dynamic_cast<const Paired*>(&source);
  check_ways(options, paired != nullptr);
  const auto seed = static_cast<uint64_t>(options.seed);
  ChosenPairs chosen;
  if (paired) {
    chosen = brought(*paired);
  } else if (!options.pairs.empty()) {
    chosen = listed(options, source);
  } else if (options.all_pairs) {
    chosen.pairs = metrics::all_pairs(identities_of(source));
    chosen.notes.push_back("every pair of the data source");
  } else {
    chosen.pairs = metrics::drawn_pairs(identities_of(source), options.genuine, options.impostor, seed);
    chosen.notes.push_back(fmt::format("pairs drawn with seed {}", options.seed));
  }
  const bool in_order = paired || !options.pairs.empty();
  if (!in_order || !metrics::folds_are_mixed(chosen.pairs, options.folds)) {
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
