#pragma once
#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace lafs {

class Registry;

/// What a run knows of itself; the machine and the build are looked up.
struct ManifestFacts {
  std::vector<std::string> command;  ///< argv
  std::string recipe_file, training_identity, data_fingerprint, device;
  int64_t threads = 0, world = 1;
  const Registry* registry = nullptr;  ///< may be null
  std::vector<std::string> notes;      ///< what the run said before its first step: what the data source left out, labels that changed
};

/// One session: program, build, machine, plugins, and when it started (UTC).
nlohmann::json manifest_json(const ManifestFacts& facts);

/// manifest.json of a run folder: the newest session's facts at the top, those of every session, oldest first, in "sessions".
/// Throws Error when a manifest that is there cannot be read.
void write_manifest(const std::filesystem::path& folder, const ManifestFacts& facts);

}  // namespace lafs
