#pragma once
#include <filesystem>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "kernel/model/load.h"

namespace lafs {

/// What became of every tensor when the `[[init]]` entries were loaded, `outcomes[i]` of `entries[i]`: {"init": [{"into", "from", "file",
/// "identity", "map", "select", "loaded": [name], "mapped": [{"name", "stored"}], "left_random": [{"name", "reason"}], "dropped": [stored],
/// "unused": [{"stored", "reason"}], "not_selected": [stored]}]}. "name" is one of the network's, "stored" one of the file's: those in
/// "loaded" have one name in both. "left_random" keeps its first values, from the seed or from an earlier entry.
nlohmann::json init_record(const std::vector<InitEntry>& entries, const std::vector<InitOutcome>& outcomes);

/// weights.json of a run folder, whole or not at all; nothing is written where nothing was loaded, as in a run that continues.
void write_init_record(const std::filesystem::path& folder, const std::vector<InitEntry>& entries,
                       const std::vector<InitOutcome>& outcomes);

}  // namespace lafs
