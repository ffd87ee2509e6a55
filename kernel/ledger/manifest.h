#pragma once
#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace lafs {

class Registry;

/// Data that a run went on with although it was trained on other data before.
struct AcceptedData {
  std::string before, now;  ///< fingerprints
  std::string reason;       ///< in a person's words
  int64_t step = 0;         ///< from which on it is the data of the run
};

/// What a run knows of itself; the machine and the build are looked up.
struct ManifestFacts {
  std::vector<std::string> command;  ///< argv
  std::string recipe_file, training_identity, data_fingerprint, device;
  int64_t threads = 0, world = 1;
  const Registry* registry = nullptr;  ///< may be null
  std::vector<std::string> notes;      ///< what the run said before its first step: what the data source left out, labels that changed
  std::optional<AcceptedData> accepted = std::nullopt;
  std::vector<std::string> written = {};  ///< keys of the recipe that are no defaults (Recipe::written)
  std::string data_check = {};            ///< what a check of this data found, as JSON (data_check.h); empty: none is known
};

/// One session: program, build, machine, plugins, and when it started (UTC).
nlohmann::json manifest_json(const ManifestFacts& facts);

/// manifest.json of a run folder: at the top the facts of the newest session that trained, in "sessions" those of every session, oldest
/// first. Throws Error when a manifest that is there cannot be read.
void write_manifest(const std::filesystem::path& folder, const ManifestFacts& facts, bool trains = true);

/// The fingerprint of the data that the newest session recorded; nothing where none can be read. Never throws.
std::optional<std::string> last_recorded_data(const std::filesystem::path& folder);

/// Why an earlier session went on with data `now` in place of `before`; empty where none did. Never throws.
std::string recorded_reason(const std::filesystem::path& folder, const std::string& before, const std::string& now);

/// Sentences about plugins from outside lafs that the run in `folder` uses, and whose library is another build than in the newest session
/// that trained it, by the linker's build ID. A recipe knows a plugin by its revision, so what was trained before counts as trained by the
/// new build. Plugins of lafs itself are left out: they are built again with every version. Never throws; nothing for a folder without a
/// manifest.
std::vector<std::string> rebuilt_plugins(const std::filesystem::path& folder, const Registry& registry);

}  // namespace lafs
