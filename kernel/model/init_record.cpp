#include "kernel/model/init_record.h"

#include <algorithm>
#include <string>

#include <nlohmann/json.hpp>

#include "formats/atomic_file.h"
#include "kernel/results/json_text.h"

namespace lafs {

namespace {

using nlohmann::json;

json left_random(const LoadAccount& account) {
  json out = json::array();
  const auto put = [&](const std::string& name, const std::string& reason) { out.push_back({{"name", name}, {"reason", reason}}); };
  for (const std::string& name : account.missing) put(name, "missing in the file");
  for (const NotLoaded& one : account.wrong_shape) put(one.name, "of another shape: " + one.reason);
  for (const NotLoaded& one : account.not_usable) put(one.name, "not usable: " + one.reason);
  for (const std::string& name : account.excluded) put(name, "left out by only or except");
  return out;
}

json unused(const LoadAccount& account) {
  json out = json::array();
  const auto put = [&](const std::string& stored, const std::string& reason) { out.push_back({{"stored", stored}, {"reason", reason}}); };
  for (const std::string& stored : account.unexpected) {
    const bool broken = std::find(account.unreadable.begin(), account.unreadable.end(), stored) != account.unreadable.end();
    put(stored, broken ? "not usable, and without a place in the network" : "without a place in the network");
  }
  for (const std::string& stored : account.excluded_stored) put(stored, "left out by only or except");
  for (const NotLoaded& one : account.wrong_shape) put(one.stored, "of another shape: " + one.reason);
  for (const NotLoaded& one : account.not_usable) put(one.stored, "not usable: " + one.reason);
  return out;
}

json entry_record(const InitEntry& entry, const InitOutcome& outcome) {
  const LoadAccount& account = outcome.account;
  json loaded = json::array(), mapped = json::array();
  for (size_t i = 0; i < account.matched.size(); ++i) {
    if (account.matched[i] == account.stored[i]) {
      loaded.push_back(account.matched[i]);
    } else {
      mapped.push_back({{"name", account.matched[i]}, {"stored", account.stored[i]}});
    }
  }
  return {{"into", entry.into},
          {"from", entry.from.value},
          {"file", outcome.file.string()},
          {"identity", entry.identity},
          {"map", entry.map},
          {"select", entry.select},
          {"loaded", std::move(loaded)},
          {"mapped", std::move(mapped)},
          {"left_random", left_random(account)},
          {"dropped", account.dropped},
          {"unused", unused(account)},
          {"not_selected", account.unselected}};
}

}  // namespace

json init_record(const std::vector<InitEntry>& entries, const std::vector<InitOutcome>& outcomes) {
  json list = json::array();
  for (size_t i = 0; i < std::min(entries.size(), outcomes.size()); ++i) list.push_back(entry_record(entries[i], outcomes[i]));
  return {{"init", std::move(list)}};
}

void write_init_record(const std::filesystem::path& folder, const std::vector<InitEntry>& entries,
                       const std::vector<InitOutcome>& outcomes) {
  if (!outcomes.empty()) formats::write_atomically(folder / "weights.json", json_text(init_record(entries, outcomes)) + "\n");
}

}  // namespace lafs
