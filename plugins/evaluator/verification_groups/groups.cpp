#include "groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>

#include "formats/listed_picture.h"
#include "formats/pair_list.h"
#include "formats/text_file.h"
#include "lafs/data_root.h"
#include "lafs/error.h"
#include "metrics/verification.h"

namespace lafs::verification_groups {
namespace {

/// "African" of "lists/African_pairs.txt".
std::string name_of(const Path& list) {
  const std::string stem = std::filesystem::path(list.value).stem().string();
  for (const std::string& ending : {std::string("_pairs"), std::string(".pairs"), std::string("-pairs")})
    if (stem.ends_with(ending) && stem.size() > ending.size()) return stem.substr(0, stem.size() - ending.size());
  return stem;
}

/// The pairs whose pictures are there.
std::vector<metrics::Pair> pairs_of(const formats::PairList& list, const std::string& file, const GroupOptions& options,
                                    const DataSource& source, std::string& warning) {
  const formats::ListedPictures pictures{list, options.extension, source};
  std::vector<metrics::Pair> pairs;
  std::set<std::string> missing;
  const auto index_of = [&](const std::string& key, int64_t line) -> std::optional<int64_t> {
    if (options.missing != "skip") return pictures.at(key, fmt::format("{}:{}", file, line));
    const auto index = pictures.find(key);
    if (!index) missing.insert(key);
    return index;
  };
  for (const formats::ListedPair& pair : list.pairs) {
    const auto first = index_of(pair.first, pair.line), second = index_of(pair.second, pair.line);
    if (first && second) pairs.push_back({*first, *second, pair.same});
  }
  if (pairs.empty()) throw Error("every pair names a picture that the data source does not have").at(file);
  if (!missing.empty())
    warning = fmt::format("{} of the {} pairs of \"{}\" are left out, because {} pictures are missing, first \"{}\"",
                          list.pairs.size() - pairs.size(), list.pairs.size(), std::filesystem::path(file).filename().string(),
                          missing.size(), formats::shown(*missing.begin()));
  return pairs;
}

Group read_group(const std::string& name, const Path& path, const formats::PairList& list, const GroupOptions& options,
                 const DataSource& source) {
  Group group{name, "", "", {}};
  group.pairs = pairs_of(list, path.value, options, source, group.warning);
  const auto genuine = std::count_if(group.pairs.begin(), group.pairs.end(), [](const metrics::Pair& pair) { return pair.same; });
  if (genuine == 0) throw Error("there is no genuine pair").at(path.value);
  if (static_cast<size_t>(genuine) == group.pairs.size()) throw Error("there is no impostor pair").at(path.value);
  try {
    metrics::make_folds(static_cast<int64_t>(group.pairs.size()), options.folds);
  } catch (const Error& error) {
    throw Error(error.what()).at(path.value);
  }
  if (!metrics::folds_are_mixed(group.pairs, options.folds)) {
    group.pairs = metrics::interleaved(group.pairs, 1);
    group.note = fmt::format("genuine and impostor pairs of \"{}\" are mixed evenly over the folds", name);
  }
  return group;
}

}  // namespace

void GroupOptions::declare(Params& p) {
  p("lists", lists, needed(), "a list of pairs for each group, as of verification: LFW's form, or lines \"A B 0|1\" of keys");
  p("names", names, "names of the groups; empty: the names of the lists without \"_pairs.txt\"");
  p("folds", folds, in(2, 1000), "contiguous blocks of pairs within each group, the threshold of each chosen on the others");
  p("extension", extension, "endings tried for names of LFW's form, which have none");
  p.affects_unless("error", "missing", missing, one_of({"error", "skip"}),
                   "error: a pair whose picture is missing is an error; skip: it is left out and counted");
}

std::vector<Group> read_groups(const GroupOptions& options, const DataSource& source) {
  if (options.lists.empty()) throw Error("lists names no list of pairs");
  if (!options.names.empty() && options.names.size() != options.lists.size())
    throw Error(fmt::format("there are {} names for {} lists", options.names.size(), options.lists.size()));
  std::vector<formats::PairList> lists;
  for (const Path& path : options.lists) {
    check_root(path);
    lists.push_back(formats::read_pair_list(path.value));
  }
  formats::check_endings(options.extension, std::any_of(lists.begin(), lists.end(), [](const auto& list) { return !list.has_endings; }));
  std::vector<Group> groups;
  std::set<std::string> used;
  for (size_t g = 0; g < options.lists.size(); ++g) {
    const std::string name = options.names.empty() ? name_of(options.lists[g]) : options.names[g];
    if (!used.insert(name).second) throw Error(fmt::format("two groups are named \"{}\": give names", name));
    groups.push_back(read_group(name, options.lists[g], lists[g], options, source));
  }
  return groups;
}

}  // namespace lafs::verification_groups
