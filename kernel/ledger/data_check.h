#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace lafs {

/// What `lafs data check --record` found in data of one content fingerprint, kept in the file ".lafs-check" of the data's folder or, where
/// that cannot be written, in check-FINGERPRINT.json below $XDG_CACHE_HOME/lafs (~/.cache/lafs).
struct DataCheckRecord {
  std::string fingerprint;
  std::string date;  ///< UTC, 2026-11-30T12:00:00Z
  std::string text;  ///< for people: "all 48 pictures whole"
};

/// Returns the file that was written. `folders`: of the data; the first is used. `counts`: an object of numbers of findings. Throws Error
/// where neither can be written.
std::filesystem::path write_data_check(const std::vector<std::filesystem::path>& folders, const DataCheckRecord& record,
                                       const nlohmann::json& counts);

/// The newest record of data with this fingerprint in any of the folders or the cache, as JSON; empty where there is none, also where a
/// file is damaged or of other data. Never throws.
std::string read_data_check(const std::vector<std::filesystem::path>& folders, const std::string& fingerprint);

/// "the data was checked on 2026-11-30: all 48 pictures whole"; empty for an empty record.
std::string data_check_note(const std::string& record);

}  // namespace lafs
