#include "kernel/recipe/name_map.h"

#include <fnmatch.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kernel/recipe/reader.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

bool has_key(const std::vector<std::string>& names, const std::string& key) {
  return key.empty() || std::any_of(names.begin(), names.end(), [&](const std::string& name) { return name.starts_with(key + "."); });
}

[[noreturn]] void missing_key(const NameMap& map, const NameRule& rule, const std::vector<std::string>& names, const std::string& file) {
  std::set<std::string> there;
  for (const std::string& name : names) {
    if (there.size() < 8) there.insert(fmt::format("\"{}\"", name.substr(0, name.find('.'))));
  }
  throw Error(fmt::format("\"{}\" has no \"{}\", which map \"{}\" takes; it has {}", file, fmt::join(rule.select, "\" or \""), map.name,
                          fmt::join(there, ", ")));
}

std::string stripped(const NameRule& rule, std::string name) {
  for (bool again = true; again;) {
    again = false;
    for (const std::string& prefix : rule.strip) {
      if (prefix.empty() || !name.starts_with(prefix)) continue;
      name.erase(0, prefix.size());
      again = true;
    }
  }
  return name;
}

std::string renamed(const NameRule& rule, const std::string& name) {
  for (const Rename& rename : rule.rename) {
    if (name.starts_with(rename.from)) return rename.to + name.substr(rename.from.size());
  }
  return name;
}

bool takes(const NameRule& rule, const std::string& name) {
  return (rule.only.empty() || matches_any(rule.only, name)) && !matches_any(rule.drop, name);
}

}  // namespace

void Rename::declare(Params& p) {
  p("from", from, "beginning of a name of the file; empty: every name");
  p("to", to, "replacement");
}

void NameRule::declare(Params& p) {
  p("select", select, "keys to look for in the file: the first one present is read, the last is used for export; empty: the file itself");
  p("strip", strip, "prefixes removed from names, repeatedly");
  p("only", only, "globs on stripped names; empty: all");
  p("drop", drop, "globs on stripped names that are left out");
  p("rename", rename, "replacements at the start of a stripped name; the first that fits");
  p("restore", restore, "what an export puts in front of names");
  p("optional", optional, "whether a file may lack the key");
}

void NameMap::declare(Params& p) {
  p("doc", doc, needed(), "one sentence: files it is for");
  p("target", target, one_of({"backbone", "objective"}), "whose names it gives");
  p("rule", rules, "what to do with the tensors under a key of the file");
}

NameMap read_name_map(const fs::path& file) {
  std::ifstream in(file);
  if (!in) throw Error(fmt::format("cannot read \"{}\"", file.string()));
  std::stringstream text;
  text << in.rdbuf();
  const Node document = parse_toml(text.str(), file.string(), file.parent_path());
  NameMap map;
  map.name = file.stem().string();
  Diagnostics diagnostics;
  const Registry registry;
  const std::map<std::string, std::string> roots;
  const ReadContext context{diagnostics, registry, roots};
  Reader reader(context, &document, document.position, "a name map", "key");
  map.declare(reader);
  reader.finish();
  if (map.rules.empty()) diagnostics.error(document.position, "a name map has no [[rule]]");
  diagnostics.throw_if_any();
  return map;
}

MappedNames map_names(const NameMap& map, const std::vector<std::string>& names, const std::string& file) {
  MappedNames out;
  std::map<std::string, size_t> ours;
  if (names.empty()) throw Error(fmt::format("\"{}\" holds no tensors", file));
  std::vector<bool> used(names.size(), false);
  for (const NameRule& rule : map.rules) {
    const auto key = std::find_if(rule.select.begin(), rule.select.end(), [&](const std::string& k) { return has_key(names, k); });
    if (key == rule.select.end()) {
      if (rule.optional) continue;
      missing_key(map, rule, names, file);
    }
    const std::string prefix = key->empty() ? "" : *key + ".";
    for (size_t i = 0; i < names.size(); ++i) {
      if (used[i] || !names[i].starts_with(prefix)) continue;
      const std::string name = stripped(rule, names[i].substr(prefix.size()));
      used[i] = true;
      if (!takes(rule, name)) {
        out.dropped.push_back(names[i]);
        continue;
      }
      const std::string target = renamed(rule, name);
      const auto [place, fresh] = ours.emplace(target, i);
      if (!fresh)
        throw Error(fmt::format("\"{}\": map \"{}\" makes \"{}\" of both \"{}\" and \"{}\"", file, map.name, target, names[place->second],
                                names[i]));
      out.taken.emplace_back(i, target);
    }
  }
  if (out.taken.empty()) throw Error(fmt::format("map \"{}\" takes nothing from \"{}\"", map.name, file));
  return out;
}

std::optional<std::pair<std::string, std::string>> original_name(const NameMap& map, const std::string& name) {
  for (const NameRule& rule : map.rules) {
    std::vector<std::string> candidates;
    for (const Rename& rename : rule.rename) {
      if (name.starts_with(rename.to)) candidates.push_back(rename.from + name.substr(rename.to.size()));
    }
    candidates.push_back(name);  // a name that no rename matches is kept
    for (const std::string& candidate : candidates) {
      // Only a name that the rule itself maps to this one.
      if (!takes(rule, candidate) || renamed(rule, candidate) != name || stripped(rule, rule.restore + candidate) != candidate) continue;
      return std::pair(rule.select.back(), rule.restore + candidate);
    }
  }
  return std::nullopt;
}

bool matches_glob(const std::string& pattern, const std::string& name) { return fnmatch(pattern.c_str(), name.c_str(), 0) == 0; }

bool matches_any(const std::vector<std::string>& patterns, const std::string& name) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) { return matches_glob(pattern, name); });
}

}  // namespace lafs
