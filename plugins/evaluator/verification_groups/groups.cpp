#include "groups.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "formats/near_name.h"
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

int64_t index_of(const std::string& key, const formats::PairList& list, const std::string& place, const GroupOptions& options,
                 const DataSource& source) {
  if (const auto index = source.find(key)) return *index;
  if (!list.has_endings)
    for (const std::string& ending : options.extension)
      if (const auto index = source.find(key + ending)) return *index;
  formats::NearName near(key);
  for (int64_t i = 0; i < source.size(); ++i) near.look(source.key(i));
  const std::string endings = list.has_endings ? "" : fmt::format(" with the ending {}", fmt::join(options.extension, " or "));
  throw Error(fmt::format("the data source has no picture \"{}\"{}{}", formats::shown(key), endings, near.hint())).at(place);
}

Group read_group(const std::string& name, const Path& path, const GroupOptions& options, const DataSource& source) {
  check_root(path);
  const formats::PairList list = formats::read_pair_list(path.value);
  Group group{name, "", {}};
  for (const formats::ListedPair& pair : list.pairs) {
    const std::string place = fmt::format("{}:{}", path.value, pair.line);
    const int64_t first = index_of(pair.first, list, place, options, source), second = index_of(pair.second, list, place, options, source);
    group.pairs.push_back({first, second, pair.same});
  }
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
}

std::vector<Group> read_groups(const GroupOptions& options, const DataSource& source) {
  if (options.lists.empty()) throw Error("lists names no list of pairs");
  if (!options.names.empty() && options.names.size() != options.lists.size())
    throw Error(fmt::format("there are {} names for {} lists", options.names.size(), options.lists.size()));
  std::vector<Group> groups;
  std::set<std::string> used;
  for (size_t g = 0; g < options.lists.size(); ++g) {
    const std::string name = options.names.empty() ? name_of(options.lists[g]) : options.names[g];
    if (!used.insert(name).second) throw Error(fmt::format("two groups are named \"{}\": give names", name));
    groups.push_back(read_group(name, options.lists[g], options, source));
  }
  return groups;
}

}  // namespace lafs::verification_groups
