#include "split.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_map>

#include <fmt/format.h>

#include "formats/near_name.h"
#include "formats/people_list.h"
#include "formats/text_file.h"
#include "lafs/error.h"
#include "lafs/named.h"

namespace lafs::subset {

namespace {

using ByName = std::unordered_map<std::string, std::vector<size_t>>;

/// What the keys of a source call a person: the first folder; nothing where keys are numbers, alone or after that of a shard.
std::string folder_of(const std::string& key) {
  const size_t slash = key.find('/');
  if (slash == std::string::npos || key.find_first_not_of("0123456789/") == std::string::npos) return "";
  return key.substr(0, slash);
}

ByName people_of(const DataSource& source, const std::vector<int64_t>& first_picture) {
  ByName people;
  for (size_t identity = 0; identity < first_picture.size(); ++identity) {
    if (first_picture[identity] < 0) continue;
    std::set<std::string> names{folder_of(source.key(first_picture[identity])), identity_name(source, static_cast<int64_t>(identity))};
    names.erase("");
    if (names.empty()) names.insert(fmt::format("{}", identity));
    for (const std::string& name : names) people[name].push_back(identity);
  }
  return people;
}

std::string why_missing(const std::string& name, const ByName& people) {
  formats::NearName near(name);
  for (const auto& [there, identities] : people) near.look(there);
  if (std::string hint = near.hint(); !hint.empty()) return hint;
  if (formats::count_of(name))
    return "; if this is a heading, remove it: only above names with numbers of pictures, as in LFW's lists, there may be one";
  return "";
}

using formats::shown;

}  // namespace

std::vector<bool> named_people(const Split& split, const DataSource& source, const std::vector<int64_t>& first_picture,
                               Assembly& assembly) {
  const std::vector<formats::ListedPerson> listed = formats::read_people_list(split.file);
  const ByName people = people_of(source, first_picture);
  std::vector<bool> named(first_picture.size(), false);
  std::set<std::string> missing;
  std::optional<formats::ListedPerson> first;
  for (const formats::ListedPerson& person : listed) {
    auto found = people.find(person.name);
    if (found == people.end() && !person.shorter.empty()) found = people.find(person.shorter);
    if (found == people.end()) {
      missing.insert(person.name);
      if (!first) first = person;
      continue;
    }
    for (const size_t identity : found->second) named[identity] = true;
  }
  if (!first) return named;
  const std::string who = fmt::format("{} of {} names {} not in the source, the first is \"{}\"", missing.size(), listed.size(),
                                      missing.size() == 1 ? "is" : "are", shown(first->name));
  if (!split.skip_missing) {
    const std::string& name = first->shorter.empty() ? first->name : first->shorter;
    throw Error(fmt::format("{}{}; correct the list, or set missing = \"skip\" to go on without them", who, why_missing(name, people)))
        .at(fmt::format("{}:{}", split.file, first->line));
  }
  if (std::none_of(named.begin(), named.end(), [](bool is_named) { return is_named; }))
    throw Error(fmt::format("the split \"{}\" names nobody who is in the source", split.file));
  assembly.note(fmt::format("\"{}\": {}, and skipped", split.file, who));
  return named;
}

}  // namespace lafs::subset
